"""The same weights behind ``transformers serve`` and in this process write the same texts."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_pet2rep.models.registry import ProviderSettings, load_provider
from pytest_pet2rep.models.request import decoding_profile
from pytest_pet2rep.run.serving import Server, plan_serving
from pytest_pet2rep.types import Generation
from tests.model_inputs import a_request, some_images
from tests.tiny_vlm import build_tiny_vlm

for needed in ("openai", "torch", "transformers", "accelerate", "fastapi", "uvicorn"):
    pytest.importorskip(needed)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tiny weights of an architecture whose processor needs no torchvision."""
    return build_tiny_vlm(tmp_path_factory.mktemp("weights") / "tiny", "llava")


@pytest.fixture(scope="module")
def server(weights: Path) -> Iterator[Server]:
    program = Path(sys.executable).with_name("transformers")
    command = f"{program} serve {weights} --host 127.0.0.1 --port {{port}} --device cpu"
    served = Server(plan_serving(command, f"openai/{weights}", {}, weights.with_name("log")))
    try:
        served.start(300)
        yield served
    finally:
        served.stop()


def test_greedy_texts_are_those_of_the_weights_in_this_process(
    weights: Path, server: Server
) -> None:
    decoding = decoding_profile("greedy", max_new_tokens=48)
    requests = [
        a_request(f"case-{n}", images=some_images(3, seed=n), decoding=decoding) for n in range(8)
    ]
    arguments = {"base_url": server.plan.base_url}
    served = load_provider(f"openai/{weights}", ProviderSettings(model_args=arguments))
    local = load_provider(f"hf/{weights}")
    try:
        theirs, ours = served.generate(requests), local.generate(requests)
    finally:
        served.close()
        local.close()
    for there, here in zip(theirs, ours, strict=True):
        assert isinstance(there, Generation), there
        assert isinstance(here, Generation), here
        assert there.raw == here.raw
        assert there.finish_reason is here.finish_reason
        assert there.usage == here.usage
    assert len({reply.raw for reply in ours if isinstance(reply, Generation)}) > 1
