"""The further architectures that ``hf/`` is known to drive, with and without their video parts."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_pet2rep.models.hf.chat import prepare
from pytest_pet2rep.models.hf.provider import HuggingFaceModel
from pytest_pet2rep.models.provider import generate_one
from pytest_pet2rep.models.registry import load_provider
from pytest_pet2rep.models.request import decoding_profile
from tests.model_inputs import a_request, some_images
from tests.tiny_vlm import KINDS, build_tiny_vlm

pytestmark = pytest.mark.slow
torch = pytest.importorskip("torch")


@pytest.mark.parametrize("kind", KINDS)
def test_images_sent_are_images_consumed_and_change_the_logits(kind: str, tmp_path: Path) -> None:
    model = load_provider(f"hf/{build_tiny_vlm(tmp_path, kind)}")
    assert isinstance(model, HuggingFaceModel)
    decoding = decoding_profile("greedy", max_new_tokens=4)
    scores = []
    for seed in (0, 0, 1):
        request = a_request(images=some_images(3, seed=seed), decoding=decoding)
        answer = generate_one(model, request)
        assert (answer.images_sent, answer.images_consumed) == (3, 3)
        assert answer.usage.completion_tokens == 4
        with torch.inference_mode():
            inputs = prepare(model.loaded, request).inputs
            scores.append(model.loaded.model(**inputs).logits[0, -1])
    assert torch.equal(scores[0], scores[1])
    assert (scores[0] - scores[2]).abs().max() > 1e-4
