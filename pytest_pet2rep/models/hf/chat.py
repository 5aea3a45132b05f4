"""From a request to the inputs of a model, and how many of the images got there."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pytest_pet2rep.errors import GenerationFailed
from pytest_pet2rep.models.hf.loading import Loaded
from pytest_pet2rep.types import GenerationRequest

_OPENED = re.compile(r"<think>\s*\Z")


@dataclass(frozen=True, kw_only=True, slots=True)
class Prepared:
    """The inputs of one request on the device of the model."""

    inputs: Any
    """``transformers.BatchFeature`` with a batch of one."""
    images: int
    """Images that the model takes in, as far as its inputs show."""
    prompt_tokens: int
    begun: str = ""
    """What the chat template already wrote of the answer: the opening tag of a think block."""
    text: str = ""
    """The rendered conversation."""
    pictures: tuple[Any, ...] = ()
    """``PIL.Image`` objects in their order."""


def prepare(loaded: Loaded, request: GenerationRequest) -> Prepared:
    """Apply the chat template: system message, then images in their order, then the text.

    Raises ``GenerationFailed`` if the template shows the model fewer or more images than sent.
    """
    processor = loaded.processor
    rendered = _rendered(loaded, _messages(processor, request))
    shown = _placeholders_in(processor, rendered.text)
    if shown is not None and shown != len(request.images):
        raise GenerationFailed(
            f"case {request.case_id}: {len(request.images)} images were sent but the chat "
            f"template of the model shows it {shown}"
        )
    inputs = processor.apply_chat_template(
        rendered.messages,
        add_generation_prompt=True,
        tokenize=True,
        return_dict=True,
        return_tensors="pt",
        **loaded.template_variables,
    )
    inputs = inputs.to(loaded.device, dtype=loaded.model.dtype)
    return Prepared(
        inputs=inputs,
        images=_images_in(inputs, len(request.images)),
        prompt_tokens=int(inputs["input_ids"].shape[1]),
        begun="".join(_OPENED.findall(rendered.text)),
        text=rendered.text,
        pictures=tuple(
            part["image"]
            for message in rendered.messages
            for part in message["content"]
            if part["type"] == "image"
        ),
    )


def together(loaded: Loaded, group: Sequence[Prepared]) -> Any:
    """The inputs of several requests as one batch, padded on the left.

    All must have equally many images.  Raises ``ValueError`` if a prompt would not reach the
    model exactly as it does alone.
    """
    if len(group) == 1:
        return group[0].inputs
    processor = loaded.processor
    begin = processor.tokenizer.bos_token
    inputs = processor(
        text=[one.text for one in group],
        images=[list(one.pictures) for one in group] if group[0].pictures else None,
        padding=True,
        return_tensors="pt",
        # As apply_chat_template does: the template has written it already.
        **({"add_special_tokens": False} if begin and group[0].text.startswith(begin) else {}),
    )
    inputs = inputs.to(loaded.device, dtype=loaded.model.dtype)
    for row, one in zip(inputs["input_ids"], group, strict=True):
        if row[-one.prompt_tokens :].tolist() != one.inputs["input_ids"][0].tolist():
            raise ValueError("the processor changes a prompt when it stands in a batch")
    return inputs


def without_control_tokens(text: str, tokens: frozenset[str]) -> str:
    """Take out what the tokenizer would read as a mark of its own, e.g. a literal ``<image>``.

    The official prompts carry such marks in their text.  A tokenizer that knows ``<image>`` only
    as text gets them word for word, as in the inference script of PET2Rep; for one that would
    look for a picture there they go, with the blanks before them, because the pictures go first.
    """
    present = sorted((token for token in tokens if token and token in text), key=len, reverse=True)
    if not present:
        return text
    return re.sub("[ \t]*(?:" + "|".join(map(re.escape, present)) + ")", "", text)


def _messages(processor: Any, request: GenerationRequest) -> list[dict[str, Any]]:
    from PIL import Image

    tokens = _control_tokens(processor)
    user: list[dict[str, Any]] = [
        {"type": "image", "image": Image.fromarray(image.pixels)} for image in request.images
    ]
    user.append({"type": "text", "text": without_control_tokens(request.user, tokens)})
    messages = [{"role": "user", "content": user}]
    if system := without_control_tokens(request.system, tokens).strip():
        messages.insert(0, {"role": "system", "content": [{"type": "text", "text": system}]})
    return messages


def _control_tokens(processor: Any) -> frozenset[str]:
    added = processor.tokenizer.added_tokens_decoder.values()
    marks = {str(token) for token in added if token.special}
    return frozenset(marks | {str(mark) for mark in processor.all_special_multimodal_tokens})


@dataclass(frozen=True, kw_only=True, slots=True)
class _Rendered:
    messages: list[dict[str, Any]]
    text: str


def _rendered(loaded: Loaded, messages: list[dict[str, Any]]) -> _Rendered:
    """Render the conversation; a template without system role gets that text before the user's."""
    from jinja2 import TemplateError

    try:
        return _Rendered(messages=messages, text=_as_text(loaded, messages))
    except TemplateError:
        if messages[0]["role"] != "system":
            raise
    system, user = messages
    content = [dict(part) for part in user["content"]]
    content[-1]["text"] = f"{system['content'][0]['text']}\n\n{content[-1]['text']}"
    merged = [{"role": "user", "content": content}]
    return _Rendered(messages=merged, text=_as_text(loaded, merged))


def _as_text(loaded: Loaded, messages: list[dict[str, Any]]) -> str:
    text = loaded.processor.apply_chat_template(
        messages, add_generation_prompt=True, tokenize=False, **loaded.template_variables
    )
    return str(text)


def _placeholders_in(processor: Any, text: str) -> int | None:
    """Places for images in a rendered conversation; ``None`` if the processor has no mark."""
    mark = getattr(processor, "image_token", None)
    return None if mark is None else text.count(str(mark))


def _images_in(inputs: Any, sent: int) -> int:
    """Images in the tensors that the model gets.

    Where a processor cuts images into tiles and does not say which belongs to which image, only
    fewer tiles than images show a loss.
    """
    for exact in ("image_grid_thw", "image_sizes"):
        if exact in inputs:
            return int(inputs[exact].shape[0])
    if "pixel_values" not in inputs:
        return 0
    pixels = inputs["pixel_values"]
    # (1, tiles, channels, rows, columns) or (tiles, channels, rows, columns).  A tile that is
    # zero throughout is padding to models of the Idefics family, which drop it.
    tiles = pixels[0] if pixels.ndim > 4 and pixels.shape[0] == 1 else pixels
    return min(sent, int(tiles.flatten(1).any(dim=1).sum()))
