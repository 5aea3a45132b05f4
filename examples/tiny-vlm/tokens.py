"""The tokenizer: one token for each piece of a report and each clause of the prompt.

A unigram model over a list that is written down, not learned: whatever it does not hold is spelled
in bytes, so every text can be read, and the fixed prompt takes a few hundred tokens.
"""

from __future__ import annotations

import re
from typing import Any

from geometry import PATCH
from reports import all_pieces

from pytest_pet2rep.models.prompts import load_prompt
from pytest_pet2rep.types import Language

PAD, BEGIN, END, IMAGE = "<|pad|>", "<|start|>", "<|end|>", "<image>"
CLAUSE = re.compile(r"[^，。；：、】\]\n]*[，。；：、】\]\n]?")
CHAT_TEMPLATE = (
    "{% for message in messages %}" + BEGIN + "{{ message.role }}\n"
    "{% for part in message.content %}{% if part.type == 'image' %}" + IMAGE + "{% else %}"
    "{{ part.text }}{% endif %}{% endfor %}" + END + "\n{% endfor %}"
    "{% if add_generation_prompt %}" + BEGIN + "assistant\n{% endif %}"
)


def clauses() -> list[str]:
    """The clauses of the shipped Chinese prompt, each once, in their order."""
    prompt = load_prompt(Language.ZH)
    found = [c for text in (prompt.system, prompt.user) for c in CLAUSE.findall(text)]
    return [c for c in dict.fromkeys(found) if c]


def make_tokenizer() -> Any:
    """Tokenizer with chat template; it spells out in bytes what it has no piece for."""
    from tokenizers import AddedToken, Tokenizer, decoders, models
    from transformers import PreTrainedTokenizerFast

    marks = (PAD, BEGIN, END, IMAGE)
    whole = dict.fromkeys([*all_pieces(), *clauses(), "system\n", "user\n", "assistant\n", "\n"])
    spelled = [f"<0x{number:02X}>" for number in range(256)]
    scored = [(piece, -1.0) for piece in [*marks, *whole]] + [(byte, -8.0) for byte in spelled]
    unigram = Tokenizer(models.Unigram(scored, unk_id=0, byte_fallback=True))
    unigram.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Fuse()])
    unigram.add_special_tokens([AddedToken(m, special=True, normalized=False) for m in marks])
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=unigram,
        pad_token=PAD,
        bos_token=BEGIN,
        eos_token=END,
        extra_special_tokens={"image_token": IMAGE},
        model_max_length=8192,
    )
    tokenizer.chat_template = CHAT_TEMPLATE
    return tokenizer


def make_processor(tokenizer: Any, image_processor: Any) -> Any:
    """Tokenizer and image processor together, as ``AutoProcessor`` will load them."""
    from transformers import LlavaProcessor

    return LlavaProcessor(
        image_processor=image_processor,
        tokenizer=tokenizer,
        patch_size=PATCH,
        vision_feature_select_strategy="full",
        num_additional_image_tokens=0,
        chat_template=tokenizer.chat_template,
    )
