"""The network: a LLaVA with a SigLIP vision tower and a Llama decoder, all of them tiny."""

from __future__ import annotations

import math
from typing import Any

import torch
from geometry import GRID, PATCH

HIDDEN = 128
VISION_LAYERS = 4
TEXT_LAYERS = 2
HEADS = 4
INNER = 256
"""Width of the feed-forward layers."""
PLACES = 8192
"""Longest sequence of the decoder."""
ROPE_THETA = 1e8
"""Slow rotations: what a patch shows matters more than how many patches away it stands."""


def vision_table() -> dict[str, Any]:
    """Configuration of the vision tower; its table of positions is a square of 18 x 18."""
    side = math.isqrt(GRID[0] * GRID[1])
    return {
        "model_type": "siglip_vision_model",
        "hidden_size": HIDDEN,
        "intermediate_size": INNER,
        "num_hidden_layers": VISION_LAYERS,
        "num_attention_heads": HEADS,
        "image_size": side * PATCH,
        "patch_size": PATCH,
        "vision_use_head": False,
    }


def build(tokenizer: Any) -> Any:
    """The whole model with fresh weights, for a tokenizer with ``<image>``."""
    from transformers import LlavaConfig, LlavaForConditionalGeneration

    config = LlavaConfig(
        vision_config=vision_table(),
        text_config={
            "model_type": "llama",
            "vocab_size": len(tokenizer),
            "hidden_size": HIDDEN,
            "intermediate_size": INNER,
            "num_hidden_layers": TEXT_LAYERS,
            "num_attention_heads": HEADS,
            "num_key_value_heads": HEADS,
            "max_position_embeddings": PLACES,
            "rope_parameters": {"rope_type": "default", "rope_theta": ROPE_THETA},
            "bos_token_id": tokenizer.bos_token_id,
            "eos_token_id": tokenizer.eos_token_id,
            "pad_token_id": tokenizer.pad_token_id,
            "tie_word_embeddings": False,
        },
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
        vision_feature_select_strategy="full",
        vision_feature_layer=-1,
        tie_word_embeddings=False,
    )
    model = LlavaForConditionalGeneration(config)
    start_vision(model.model.vision_tower)
    model.generation_config.eos_token_id = tokenizer.eos_token_id
    model.generation_config.pad_token_id = tokenizer.pad_token_id
    model.generation_config.do_sample = False
    return model


def vision_tower() -> Any:
    """The vision tower alone, with fresh weights."""
    from transformers import SiglipVisionConfig, SiglipVisionModel

    table = {key: value for key, value in vision_table().items() if key != "model_type"}
    tower = SiglipVisionModel(SiglipVisionConfig(**table))
    start_vision(tower)
    return tower


def start_vision(tower: torch.nn.Module) -> None:
    """Start from sines of row and column as positions, so that neighbours begin alike."""
    with torch.no_grad():
        for name, parameter in tower.named_parameters():
            if name.endswith("position_embedding.weight"):
                parameter.copy_(_grid_of_sines(*GRID, HIDDEN) * 0.5)


def _grid_of_sines(rows: int, columns: int, width: int) -> torch.Tensor:
    quarter = width // 4
    speeds = torch.exp(torch.arange(quarter) * (-math.log(60.0) / quarter)) * math.pi / 2
    down = torch.arange(rows)[:, None] * speeds
    across = torch.arange(columns)[:, None] * speeds
    table = torch.cat(
        [
            torch.cat([down.sin(), down.cos()], 1)[:, None].expand(-1, columns, -1),
            torch.cat([across.sin(), across.cos()], 1)[None].expand(rows, -1, -1),
        ],
        dim=2,
    )
    return table.reshape(rows * columns, width)


def patch_features(tower: Any, pixels: torch.Tensor) -> torch.Tensor:
    """What LLaVA takes of the tower: its last hidden states before the last normalisation.

    ``pixels`` (batch, planes, 3, rows, columns); returns (batch, planes * patches, width).
    """
    batch, planes = pixels.shape[:2]
    hidden = tower.embeddings(pixels.flatten(0, 1))
    hidden = tower.encoder(inputs_embeds=hidden).last_hidden_state
    return hidden.reshape(batch, planes * hidden.shape[1], -1)
