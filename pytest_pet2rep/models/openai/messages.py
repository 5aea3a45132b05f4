"""From a request to the parameters of a chat completion, and from its answer to a generation."""

from __future__ import annotations

import base64
import io
from typing import Any

from pytest_pet2rep.models.openai.endpoint import Endpoint
from pytest_pet2rep.types import FinishReason, Generation, GenerationRequest, SentImage, Usage

_FINISH = {
    "stop": FinishReason.STOP,
    "length": FinishReason.LENGTH,
    "content_filter": FinishReason.REFUSED,
}


def parameters(model: str, request: GenerationRequest, endpoint: Endpoint) -> dict[str, Any]:
    """The arguments of ``chat.completions.create``: system, images in their order, text."""
    decoding = request.decoding
    sampled = bool(decoding.get("do_sample"))
    chosen: dict[str, Any] = {
        "model": model,
        "messages": _messages(request),
        "temperature": decoding.get("temperature", 1.0) if sampled else 0.0,
        # Stated, because some servers otherwise take a penalty from the checkpoint.
        "frequency_penalty": 0.0,
        "seed": int(decoding.get("seed", 0)) + request.repeat,
        endpoint.token_limit: decoding.get("max_new_tokens"),
    }
    if sampled and "top_p" in decoding:
        chosen["top_p"] = decoding["top_p"]
    if sampled and "top_k" in decoding and endpoint.extensions:
        chosen["extra_body"] = {"top_k": decoding["top_k"]}
    return chosen


def _messages(request: GenerationRequest) -> list[dict[str, Any]]:
    content: list[dict[str, Any]] = [
        {"type": "image_url", "image_url": {"url": _data_url(image)}} for image in request.images
    ]
    content.append({"type": "text", "text": request.user})
    messages: list[dict[str, Any]] = [{"role": "user", "content": content}]
    if request.system.strip():
        messages.insert(0, {"role": "system", "content": request.system})
    return messages


def _data_url(image: SentImage) -> str:
    """The pixels as a PNG, which loses nothing; compressed quickly rather than well."""
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(image.pixels).save(stream, format="PNG", compress_level=1)
    return "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode("ascii")


def generation_of(completion: Any, *, images_sent: int, seconds: float) -> Generation:
    """The first choice of a completion that has one.

    Raises ``AttributeError``, ``LookupError`` or ``TypeError`` for a choice that is none: the
    client library takes whatever JSON a server sends.
    """
    choice = completion.choices[0]
    refusal = _text(getattr(choice.message, "refusal", None))
    finish_reason = _FINISH.get(str(choice.finish_reason), FinishReason.UNKNOWN)
    return Generation(
        raw=_text(choice.message.content) or refusal,
        finish_reason=FinishReason.REFUSED if refusal else finish_reason,
        usage=_usage(completion),
        images_sent=images_sent,
        seconds=seconds,
    )


def _text(content: object) -> str:
    """A text, or the texts of a list of parts, which some servers answer."""
    if isinstance(content, list):
        parts = (part.get("text") for part in content if isinstance(part, dict))
        return "".join(part for part in parts if isinstance(part, str))
    return content if isinstance(content, str) else ""


def _usage(completion: Any) -> Usage:
    usage = getattr(completion, "usage", None)
    return Usage(
        prompt_tokens=_count(getattr(usage, "prompt_tokens", None)),
        completion_tokens=_count(getattr(usage, "completion_tokens", None)),
    )


def _count(value: object) -> int | None:
    return value if isinstance(value, int) else None
