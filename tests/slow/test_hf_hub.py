"""A repository of the hub is resolved to a commit, offline from the cache of its library."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.tiny_vlm import build_tiny_vlm

pytestmark = pytest.mark.slow
COMMIT = "0123456789abcdef0123456789abcdef01234567"
PROGRAM = """
import json, sys
from pytest_pet2rep.errors import UsageProblem
from pytest_pet2rep.models.provider import generate_one
from pytest_pet2rep.models.registry import load_provider
from pytest_pet2rep.models.request import decoding_profile
from pytest_pet2rep.types import GenerationRequest
request = GenerationRequest(case_id="A", language="zh", system="", user="x", template="",
                            decoding=decoding_profile("greedy", max_new_tokens=2))
told = {}
for spec in sys.argv[1:]:
    try:
        model = load_provider(spec)
        generate_one(model, request)
        told[spec] = model.identity.text
    except UsageProblem as why:
        told[spec] = str(why)
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def hub_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    cache = tmp_path_factory.mktemp("hub")
    repository = cache / "models--acme--tiny"
    build_tiny_vlm(repository / "snapshots" / COMMIT, "llava")
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(COMMIT)
    return cache


@pytest.fixture
def pickled(tmp_path: Path) -> Path:
    """A cache with a repository whose only weights are a pickle that would make a file."""
    import torch

    repository = tmp_path / "models--acme--pickled"
    snapshot = build_tiny_vlm(repository / "snapshots" / COMMIT, "llava")
    (snapshot / "model.safetensors").unlink()

    class Trap:
        def __reduce__(self) -> tuple[object, ...]:
            return (Path.touch, (tmp_path / "code ran",))

    torch.save({"trap": Trap()}, snapshot / "pytorch_model.bin")
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(COMMIT)
    return tmp_path


def test_a_repository_of_pickled_weights_is_refused_and_never_opened(pickled: Path) -> None:
    told = told_offline(pickled, "hf/acme/pickled")
    assert told["hf/acme/pickled"] == (
        "hf/acme/pickled: the repository acme/pickled has no .safetensors weights; other formats "
        "can run code when they are loaded and are refused"
    )
    assert not (pickled / "code ran").exists()


def told_offline(cache: Path, *specs: str) -> dict[str, Any]:
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HUB_CACHE": str(cache)}
    shown = subprocess.run(
        [sys.executable, "-c", PROGRAM, *specs],
        env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    told: dict[str, Any] = json.loads(shown.stdout.splitlines()[-1])
    return told


def test_branch_and_commit_resolve_to_the_same_commit_and_others_are_explained(
    hub_cache: Path,
) -> None:
    known = ["hf/acme/tiny", "hf/acme/tiny@main", f"hf/acme/tiny@{COMMIT}"]
    absent = ["hf/acme/other", "hf/acme/tiny@v2"]
    told = told_offline(hub_cache, *known, *absent)
    assert {told[spec] for spec in known} == {f"hf;acme/tiny@{COMMIT}"}
    for spec in absent:
        assert told[spec].startswith(f"{spec}: the repository cannot be had (")
        assert "\n" not in told[spec]
