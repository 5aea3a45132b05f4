"""From a case and a prompt to the request that a provider gets, and to its digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pytest_pet2rep.errors import UnknownName
from pytest_pet2rep.models.prompts import Prompt, cut_template, template_text, without_brackets
from pytest_pet2rep.types import Case, GenerationRequest, SentImage

MAX_NEW_TOKENS = 1024
"""Length limit of a report in tokens: that of the inference script of PET2Rep."""

_NEUTRAL = {"repetition_penalty": 1.0}
"""Stated, because many models bring another default in their generation config."""

_PROFILES: Mapping[str, Mapping[str, Any]] = {
    "greedy": {"do_sample": False, **_NEUTRAL},
    # The sampling of the inference script of PET2Rep (github.com/YichiZhang98/PET2Rep).
    "paper": {"do_sample": True, "temperature": 0.7, "top_k": 50, "top_p": 1.0, **_NEUTRAL},
}


def decoding_profile(
    name: str, *, seed: int = 0, max_new_tokens: int | None = None
) -> Mapping[str, Any]:
    """The decoding parameters named ``greedy`` or ``paper``; raises ``UnknownName``.

    ``max_new_tokens`` ``None`` means 1024.
    """
    if name not in _PROFILES:
        raise UnknownName("decoding", name, _PROFILES)
    return {**_PROFILES[name], "max_new_tokens": max_new_tokens or MAX_NEW_TOKENS, "seed": seed}


def build_request(
    case: Case,
    prompt: Prompt,
    *,
    images: Sequence[SentImage] = (),
    decoding: Mapping[str, Any],
    repeat: int = 0,
    with_reference: bool = False,
) -> GenerationRequest:
    """Put together what a provider gets to write one report of ``case`` from.

    A prompt that came with the case is used word for word, in the language of the case;
    otherwise ``prompt`` and its language.  Pass ``with_reference`` as the provider's
    ``sees_reference``: no other provider may get the reference.
    """
    if case.prompt is None:
        language, system, user = prompt.language, prompt.system, prompt.user
        template = template_text(prompt)
    else:
        language, system, user = case.language, case.prompt.system, case.prompt.user
        template = without_brackets(cut_template(user))
    return GenerationRequest(
        case_id=case.id,
        language=language,
        system=system,
        user=user,
        template=template,
        images=tuple(images),
        reference=case.references.get(language) if with_reference else None,
        decoding=dict(decoding),
        repeat=repeat,
        sex=case.sex,
    )


def request_digest(request: GenerationRequest, *, identity: str, purpose: str = "score") -> str:
    """SHA-256 (hexadecimal) of everything that may decide what comes back.

    That is the model (``Identity.text``), the case id, language, sex, system and user message,
    template, reference (where the provider sees it), decoding, repeat, purpose (``score``,
    ``aa``, ``control``), and names, shapes and bytes of the pixels, in the order sent.
    """
    digest = hashlib.sha256()
    stated = {
        "identity": identity,
        "purpose": purpose,
        "case": request.case_id,
        "language": request.language,
        "sex": request.sex,
        "system": request.system,
        "user": request.user,
        "template": request.template,
        "reference": request.reference,
        "decoding": dict(request.decoding),
        "repeat": request.repeat,
        "images": len(request.images),
    }
    digest.update(json.dumps(stated, sort_keys=True, ensure_ascii=False).encode())
    for image in request.images:
        _add_image(digest.update, image)
    return digest.hexdigest()


def _add_image(update: Callable[[bytes], object], image: SentImage) -> None:
    import numpy as np

    pixels = np.ascontiguousarray(image.pixels)
    update(json.dumps([image.name, pixels.dtype.str, pixels.shape]).encode())
    update(pixels.tobytes())
