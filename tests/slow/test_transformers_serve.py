"""The repository's own model writes the same behind ``transformers serve`` and as ``hf/``."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from pytest_pet2rep.cohorts.casefile import load_case
from pytest_pet2rep.cohorts.cohort import find_cohort
from pytest_pet2rep.imaging.options import Views
from pytest_pet2rep.models.prompts import load_prompt
from pytest_pet2rep.models.provider import Provider
from pytest_pet2rep.models.registry import ProviderSettings, load_provider
from pytest_pet2rep.models.request import build_request, decoding_profile
from pytest_pet2rep.run.case_images import images_of, view_options
from pytest_pet2rep.run.serving import Server, plan_serving
from pytest_pet2rep.types import Case, FinishReason, Generation, Language, SentImage

for needed in ("openai", "torch", "transformers", "accelerate", "fastapi", "uvicorn"):
    pytest.importorskip(needed)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
WEIGHTS = Path(__file__).parents[2] / "examples" / "tiny-vlm" / "model"
CASES = 8
Patients = Sequence[tuple[Case, tuple[SentImage, ...]]]


@pytest.fixture(scope="module")
def patients() -> Patients:
    """Shipped cases, each with the images that a run sends by default."""
    cohort = find_cohort(None)
    cases = [load_case(path, cohort=cohort.name) for path in cohort.case_files[:CASES]]
    return [(case, images_of(case, view_options(Views.FUSED))) for case in cases]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    program = Path(sys.executable).with_name("transformers")
    command = f"{program} serve {WEIGHTS} --host 127.0.0.1 --port {{port}} --device cpu"
    log = tmp_path_factory.mktemp("served") / "log"
    server = Server(plan_serving(command, f"openai/{WEIGHTS}", {}, log))
    try:
        server.start(300)
        arguments = {"base_url": server.plan.base_url}
        provider = load_provider(f"openai/{WEIGHTS}", ProviderSettings(model_args=arguments))
        yield provider
        provider.close()
    finally:
        server.stop()


@pytest.fixture(scope="module")
def local() -> Iterator[Provider]:
    provider = load_provider(f"hf/{WEIGHTS}")
    yield provider
    provider.close()


@pytest.mark.parametrize(
    ("most_tokens", "finish"),
    [(None, FinishReason.STOP), (48, FinishReason.LENGTH)],
    ids=["whole", "cut off"],
)
def test_greedy_texts_are_those_of_the_weights_in_this_process(
    patients: Patients,
    served: Provider,
    local: Provider,
    most_tokens: int | None,
    finish: FinishReason,
) -> None:
    decoding = decoding_profile("greedy", max_new_tokens=most_tokens)
    prompt = load_prompt(Language.ZH)
    requests = [
        build_request(case, prompt, images=images, decoding=decoding) for case, images in patients
    ]
    texts = set()
    for there, here in zip(served.generate(requests), local.generate(requests), strict=True):
        assert isinstance(there, Generation), there
        assert isinstance(here, Generation), here
        assert there.raw == here.raw
        assert there.finish_reason is here.finish_reason is finish
        assert there.usage == here.usage
        texts.add(here.raw)
    assert len(texts) > CASES / 2  # not one text for everybody
