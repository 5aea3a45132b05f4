"""Reports of the model, through the provider that a test run uses."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from patients import PROFILE, Patient, Pictures

from pytest_pet2rep.anatomy import roll_up
from pytest_pet2rep.models.prompts import load_prompt, template_text
from pytest_pet2rep.models.provider import Reply
from pytest_pet2rep.models.registry import load_provider
from pytest_pet2rep.models.request import decoding_profile
from pytest_pet2rep.run.assessment import read_scored
from pytest_pet2rep.types import Generation, GenerationRequest, Language, Section, States


class Writer:
    """The model behind ``hf/``; nobody's pictures are reported twice.

    Prompt and decoding are the same for everybody and greedy, so pictures decide the text.
    """

    def __init__(self, model: Path) -> None:
        self._provider = load_provider(f"hf/{model.resolve()}")
        self._known: dict[bytes, str | None] = {}
        self.seconds: list[float] = []
        """Time of each report, without the making of its pictures."""

    def states(
        self, patients: Sequence[Patient], pictures: Sequence[Pictures]
    ) -> list[Mapping[str, States] | None]:
        """What is said of each patient when shown these pictures; ``None`` without a report."""
        texts = [self.text(p.id, images) for p, images in zip(patients, pictures, strict=True)]
        return [None if text is None else read_states(text) for text in texts]

    def text(self, name: str, images: Pictures) -> str | None:
        """One report, or ``None`` if there was none."""
        key = b"".join(hashlib.sha256(image.pixels).digest() for image in images)
        if key not in self._known:
            self._known[key] = self._written(name, images)
        return self._known[key]

    def _written(self, name: str, images: Pictures) -> str | None:
        prompt = load_prompt(Language.ZH)
        request = GenerationRequest(
            case_id=name,
            language=Language.ZH,
            system=prompt.system,
            user=prompt.user,
            template=template_text(prompt),
            images=images,
            decoding=decoding_profile("greedy"),
        )
        began = time.monotonic()
        reply: Reply = self._provider.generate([request])[0]
        self.seconds.append(time.monotonic() - began)
        return reply.raw if isinstance(reply, Generation) else None


def read_states(text: str) -> Mapping[str, States]:
    """States by organ of the profile, as the plugin reads them from a report."""
    return roll_up(read_scored(text, Language.ZH, Section.FINDINGS).states, PROFILE)


def template_states() -> Mapping[str, States]:
    """What ``baseline/template`` says of everybody."""
    return read_states(template_text(load_prompt(Language.ZH)))
