"""Vision-language models of true architecture with tiny random weights, saved as the hub has them.

``build_tiny_vlm(folder, "qwen2_5_vl")`` writes config, safetensors, tokenizer, image processor and
chat template; nothing is downloaded.  The texts that such a model writes mean nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pytest_pet2rep.models.hf.loading import quiet
from pytest_pet2rep.models.prompts import load_prompt
from pytest_pet2rep.types import Language

_PAD, _BEGIN, _END = "<|endoftext|>", "<|im_start|>", "<|im_end|>"
_LAYERS = 2
_TEXT = {
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": _LAYERS,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 16384,
}
_VISION = {
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": _LAYERS,
    "num_attention_heads": 4,
    "image_size": 64,
    "patch_size": 16,
}


@dataclass(frozen=True)
class _Recipe:
    """What an architecture needs besides what all share."""

    image_mark: str
    """What its chat template writes for an image."""
    special: tuple[str, ...]
    processor: str
    image_processor: dict[str, Any]
    model: Callable[[Any, int], Any]
    """From the tokenizer and the size of the vocabulary to the model."""
    processor_extras: dict[str, Any] = field(default_factory=dict)
    named: dict[str, str] = field(default_factory=dict)
    """Special tokens that its processor asks the tokenizer for by name."""


def build_tiny_vlm(folder: Path, kind: str = "qwen2_5_vl", *, seed: int = 0) -> Path:
    """Write a model of ``kind`` (a key of ``KINDS``) to ``folder`` and return it."""
    with quiet():
        _build(folder, KINDS[kind], seed)
    return folder


def _build(folder: Path, recipe: _Recipe, seed: int) -> None:
    import torch

    tokenizer = _tokenizer(recipe.special, recipe.named)
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(seed)
        model = recipe.model(tokenizer, -(-len(tokenizer) // 64) * 64)
    model.generation_config.eos_token_id = tokenizer.convert_tokens_to_ids(_END)
    model.generation_config.pad_token_id = tokenizer.convert_tokens_to_ids(_PAD)
    # A checkpoint of the real model samples by default; a decoding profile must win over that.
    model.generation_config.do_sample = True
    model.generation_config.temperature = 0.1
    model.generation_config.repetition_penalty = 1.05
    model.save_pretrained(folder)
    tokenizer.chat_template = _chat_template(recipe.image_mark)
    tokenizer.save_pretrained(folder)
    _write(folder / "preprocessor_config.json", recipe.image_processor, recipe.processor)
    _write(folder / "processor_config.json", recipe.processor_extras, recipe.processor)


def _write(path: Path, table: dict[str, Any], processor: str) -> None:
    path.write_text(json.dumps({"processor_class": processor, **table}, indent=1))


def _tokenizer(special: Sequence[str], named: Mapping[str, str]) -> Any:
    """A byte-level BPE trained on the shipped prompts."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    bpe.train_from_iterator(
        [load_prompt(language).user for language in Language],
        trainers.BpeTrainer(
            vocab_size=900,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    marks = (_PAD, _BEGIN, _END, *special)
    bpe.add_special_tokens([AddedToken(mark, special=True, normalized=False) for mark in marks])
    return PreTrainedTokenizerFast(
        tokenizer_object=bpe,
        pad_token=_PAD,
        eos_token=_END,
        model_max_length=16384,
        extra_special_tokens=dict(named),
    )


def _chat_template(image_mark: str) -> str:
    return (
        "{% for message in messages %}" + _BEGIN + "{{ message.role }}\n"
        "{% for part in message.content %}{% if part.type == 'image' %}" + image_mark + "{% else %}"
        "{{ part.text }}{% endif %}{% endfor %}" + _END + "\n{% endfor %}"
        "{% if add_generation_prompt %}" + _BEGIN + "assistant\n{% endif %}"
    )


def _ids(tokenizer: Any, vocabulary: int) -> dict[str, Any]:
    identify = tokenizer.convert_tokens_to_ids
    return {
        "vocab_size": vocabulary,
        "bos_token_id": identify(_BEGIN),
        "eos_token_id": identify(_END),
        "pad_token_id": identify(_PAD),
    }


def _qwen(tokenizer: Any, vocabulary: int) -> Any:
    from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

    identify = tokenizer.convert_tokens_to_ids
    rope = {"rope_type": "default", "mrope_section": [2, 3, 3], "rope_theta": 1e6}
    config = Qwen2_5_VLConfig(
        text_config={**_TEXT, **_ids(tokenizer, vocabulary), "rope_parameters": rope},
        vision_config={
            "depth": _LAYERS,
            "hidden_size": 64,
            "intermediate_size": 96,
            "num_heads": 4,
            "out_hidden_size": 64,
            "patch_size": 14,
            "spatial_merge_size": 2,
            "temporal_patch_size": 2,
            "window_size": 112,
            "fullatt_block_indexes": [1],
        },
        image_token_id=identify("<|image_pad|>"),
        video_token_id=identify("<|video_pad|>"),
        vision_start_token_id=identify("<|vision_start|>"),
        vision_end_token_id=identify("<|vision_end|>"),
        tie_word_embeddings=True,
    )
    return Qwen2_5_VLForConditionalGeneration(config)


def _idefics(tokenizer: Any, vocabulary: int) -> Any:
    from transformers import Idefics3Config, Idefics3ForConditionalGeneration

    config = Idefics3Config(
        text_config={**_TEXT, **_ids(tokenizer, vocabulary), "model_type": "llama"},
        vision_config=_VISION,
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
        pad_token_id=tokenizer.convert_tokens_to_ids(_PAD),
        scale_factor=2,
        tie_word_embeddings=True,
    )
    return Idefics3ForConditionalGeneration(config)


def _llava(tokenizer: Any, vocabulary: int) -> Any:
    from transformers import LlavaConfig, LlavaForConditionalGeneration

    config = LlavaConfig(
        text_config={**_TEXT, **_ids(tokenizer, vocabulary), "model_type": "qwen2"},
        vision_config={**_VISION, "model_type": "clip_vision_model", "projection_dim": 64},
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
        vision_feature_select_strategy="default",
        vision_feature_layer=-1,
    )
    return LlavaForConditionalGeneration(config)


def _qwen3(tokenizer: Any, vocabulary: int) -> Any:
    from transformers import Qwen3VLConfig, Qwen3VLForConditionalGeneration

    identify = tokenizer.convert_tokens_to_ids
    rope = {"rope_type": "default", "mrope_section": [2, 3, 3], "rope_theta": 1e6}
    config = Qwen3VLConfig(
        text_config={
            **_TEXT,
            **_ids(tokenizer, vocabulary),
            "head_dim": 16,
            "rope_parameters": {**rope, "mrope_interleaved": True},
        },
        vision_config={
            "depth": _LAYERS,
            "hidden_size": 64,
            "intermediate_size": 96,
            "num_heads": 4,
            "out_hidden_size": 64,
            "patch_size": 16,
            "spatial_merge_size": 2,
            "temporal_patch_size": 2,
            "num_position_embeddings": 256,
            "deepstack_visual_indexes": [0, 1],
        },
        image_token_id=identify("<|image_pad|>"),
        video_token_id=identify("<|video_pad|>"),
        vision_start_token_id=identify("<|vision_start|>"),
        vision_end_token_id=identify("<|vision_end|>"),
        tie_word_embeddings=True,
    )
    return Qwen3VLForConditionalGeneration(config)


def _smolvlm(tokenizer: Any, vocabulary: int) -> Any:
    from transformers import SmolVLMConfig, SmolVLMForConditionalGeneration

    config = SmolVLMConfig(
        text_config={**_TEXT, **_ids(tokenizer, vocabulary), "model_type": "llama"},
        vision_config=_VISION,
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
        pad_token_id=tokenizer.convert_tokens_to_ids(_PAD),
        scale_factor=2,
        tie_word_embeddings=True,
    )
    return SmolVLMForConditionalGeneration(config)


def _internvl(tokenizer: Any, vocabulary: int) -> Any:
    from transformers import InternVLConfig, InternVLForConditionalGeneration

    config = InternVLConfig(
        text_config={**_TEXT, **_ids(tokenizer, vocabulary), "model_type": "qwen2"},
        vision_config={**_VISION, "image_size": [64, 64], "patch_size": [16, 16]},
        image_token_id=tokenizer.convert_tokens_to_ids("<IMG_CONTEXT>"),
        downsample_ratio=0.5,
    )
    return InternVLForConditionalGeneration(config)


def _gemma(tokenizer: Any, vocabulary: int) -> Any:
    import torch
    from transformers import Gemma3Config, Gemma3ForConditionalGeneration

    identify = tokenizer.convert_tokens_to_ids
    config = Gemma3Config(
        text_config={
            **_TEXT,
            **_ids(tokenizer, vocabulary),
            "head_dim": 16,
            "sliding_window": 512,
            "query_pre_attn_scalar": 16,
        },
        vision_config=_VISION,
        mm_tokens_per_image=4,
        boi_token_index=identify("<start_of_image>"),
        eoi_token_index=identify("<end_of_image>"),
        image_token_index=identify("<image_soft_token>"),
    )
    model = Gemma3ForConditionalGeneration(config)
    # It starts as zero, and a model with random weights would ignore its images.
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith("mm_input_projection_weight"):
                parameter.normal_(0, 0.02)
    return model


KINDS = {
    "qwen2_5_vl": _Recipe(
        image_mark="<|vision_start|><|image_pad|><|vision_end|>",
        special=("<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>"),
        processor="Qwen2_5_VLProcessor",
        image_processor={
            "image_processor_type": "Qwen2VLImageProcessor",
            "size": {"shortest_edge": 56 * 56, "longest_edge": 28 * 28 * 36},
            "patch_size": 14,
            "merge_size": 2,
            "temporal_patch_size": 2,
        },
        model=_qwen,
    ),
    "idefics3": _Recipe(
        image_mark="<image>",
        special=(
            "<fake_token_around_image>",
            "<image>",
            "<global-img>",
            *(f"<row_{row}_col_{column}>" for row in (1, 2) for column in (1, 2)),
        ),
        processor="Idefics3Processor",
        image_processor={
            "image_processor_type": "Idefics3ImageProcessor",
            "size": {"longest_edge": 128},
            "max_image_size": {"longest_edge": 64},
            "do_image_splitting": False,
        },
        model=_idefics,
        processor_extras={"image_seq_len": 4},
    ),
    "llava": _Recipe(
        image_mark="<image>",
        special=("<image>",),
        processor="LlavaProcessor",
        image_processor={
            "image_processor_type": "CLIPImageProcessor",
            "size": {"shortest_edge": 64},
            "crop_size": {"height": 64, "width": 64},
        },
        model=_llava,
        processor_extras={
            "patch_size": 16,
            "vision_feature_select_strategy": "default",
            "num_additional_image_tokens": 1,
        },
    ),
    "qwen3_vl": _Recipe(
        image_mark="<|vision_start|><|image_pad|><|vision_end|>",
        special=("<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>"),
        processor="Qwen3VLProcessor",
        image_processor={
            "image_processor_type": "Qwen2VLImageProcessor",
            "size": {"shortest_edge": 64 * 64, "longest_edge": 32 * 32 * 36},
            "patch_size": 16,
            "merge_size": 2,
            "temporal_patch_size": 2,
        },
        model=_qwen3,
    ),
    "smolvlm": _Recipe(
        image_mark="<image>",
        special=("<fake_token_around_image>", "<image>", "<global-img>"),
        processor="SmolVLMProcessor",
        image_processor={
            "image_processor_type": "SmolVLMImageProcessor",
            "size": {"longest_edge": 128},
            "max_image_size": {"longest_edge": 64},
            "do_image_splitting": False,
        },
        model=_smolvlm,
        processor_extras={"image_seq_len": 4},
    ),
    "internvl": _Recipe(
        image_mark="<IMG_CONTEXT>\n",
        special=("<IMG_CONTEXT>", "<img>", "</img>", "<video>"),
        processor="InternVLProcessor",
        image_processor={
            "image_processor_type": "GotOcr2ImageProcessor",
            "size": {"height": 64, "width": 64},
            "crop_to_patches": False,
        },
        model=_internvl,
        named={
            "start_image_token": "<img>",
            "end_image_token": "</img>",
            "context_image_token": "<IMG_CONTEXT>",
            "video_token": "<video>",
        },
        processor_extras={"image_seq_length": 4},
    ),
    "gemma3": _Recipe(
        image_mark="<start_of_image>",
        special=("<start_of_image>", "<end_of_image>", "<image_soft_token>"),
        processor="Gemma3Processor",
        image_processor={
            "image_processor_type": "Gemma3ImageProcessor",
            "size": {"height": 64, "width": 64},
        },
        model=_gemma,
        named={
            "boi_token": "<start_of_image>",
            "eoi_token": "<end_of_image>",
            "image_token": "<image_soft_token>",
        },
        processor_extras={"image_seq_length": 4},
    ),
}
"""Architectures by name, as ``config.json`` calls them."""
