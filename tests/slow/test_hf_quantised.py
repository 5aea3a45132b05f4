"""Weights that were saved quantised are loaded as their configuration says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pytest_pet2rep.models.hf.provider import HuggingFaceModel
from pytest_pet2rep.models.provider import generate_one
from pytest_pet2rep.models.registry import load_provider
from pytest_pet2rep.models.request import decoding_profile
from tests.model_inputs import a_request, some_images
from tests.tiny_vlm import build_tiny_vlm

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]
pytest.importorskip("torch")
pytest.importorskip("accelerate")
bitsandbytes = pytest.importorskip("bitsandbytes")


@pytest.fixture
def quantised(tmp_path: Path) -> Path:
    """A model whose linear layers are stored in 8 bits, beside the files of its processor."""
    from transformers import AutoModelForImageTextToText, BitsAndBytesConfig

    folder = build_tiny_vlm(tmp_path / "model", "llava")
    model = AutoModelForImageTextToText.from_pretrained(
        folder,
        quantization_config=BitsAndBytesConfig(load_in_8bit=True),
        device_map={"": "cpu"},
    )
    model.save_pretrained(folder)
    return folder


def test_the_configuration_that_stands_with_the_weights_decides(quantised: Path) -> None:
    config = json.loads((quantised / "config.json").read_text())
    assert config["quantization_config"]["load_in_8bit"]
    model = load_provider(f"hf/{quantised}")
    assert isinstance(model, HuggingFaceModel)
    decoding = decoding_profile("greedy", max_new_tokens=4)
    answer = generate_one(model, a_request(images=some_images(3), decoding=decoding))
    assert answer.images_consumed == 3
    assert answer.usage.completion_tokens == 4
    layers = [type(module) for module in model.loaded.model.modules()]
    assert bitsandbytes.nn.Linear8bitLt in layers
