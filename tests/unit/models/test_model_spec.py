"""How the name of a model is written and what becomes of a wrong one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pytest_pet2rep.errors import UnknownName, UsageProblem
from pytest_pet2rep.models import registry
from pytest_pet2rep.models.provider import generate_one
from pytest_pet2rep.models.registry import ModelSpec, ProviderSettings, load_provider
from tests.model_inputs import a_request


@pytest.mark.parametrize(
    ("text", "provider", "name", "revision"),
    [
        ("baseline/template", "baseline", "template", ""),
        ("hf/Qwen/Qwen2.5-VL-7B-Instruct", "hf", "Qwen/Qwen2.5-VL-7B-Instruct", ""),
        ("hf/Qwen/Qwen2.5-VL-7B-Instruct@abc123", "hf", "Qwen/Qwen2.5-VL-7B-Instruct", "abc123"),
        ("hf/org/name@refs/pr/1", "hf", "org/name", "refs/pr/1"),
        ("hf//models/Qwen2.5-VL", "hf", "/models/Qwen2.5-VL", ""),
        ("hf//models/a@b/c", "hf", "/models/a@b/c", ""),
        ("hf//models/a@b/c@v2", "hf", "/models/a@b/c", "v2"),
        ("replay/outputs.jsonl", "replay", "outputs.jsonl", ""),
        ("replay//abs/file.jsonl", "replay", "/abs/file.jsonl", ""),
        ("py/my_model:make", "py", "my_model:make", ""),
        ("py/my_model:make@7", "py", "my_model:make", "7"),
    ],
)
def test_a_spec_is_provider_name_and_revision(
    text: str, provider: str, name: str, revision: str
) -> None:
    spec = ModelSpec.parse(text)
    assert (spec.provider, spec.name, spec.revision) == (provider, name, revision)
    assert str(spec) == text


def test_an_existing_path_with_an_at_sign_is_taken_whole(tmp_path: Path) -> None:
    folder = tmp_path / "model@home"
    folder.mkdir()
    assert ModelSpec.parse(f"hf/{folder}").name == str(folder)


@pytest.mark.parametrize("text", ["", "template", "hf/", "/template", "hf/@abc"])
def test_a_spec_without_provider_or_name_is_explained(text: str) -> None:
    with pytest.raises(UsageProblem, match="PROVIDER/NAME"):
        ModelSpec.parse(text)


def test_an_unknown_provider_gets_the_nearest_known_one() -> None:
    with pytest.raises(UnknownName, match="did you mean 'baseline'"):
        load_provider("basline/template")


def test_an_unknown_baseline_gets_the_nearest_known_one() -> None:
    with pytest.raises(UnknownName, match="did you mean 'all-normal'"):
        load_provider("baseline/allnormal")


def test_a_baseline_has_no_revision() -> None:
    with pytest.raises(UsageProblem, match="has no revision"):
        load_provider("baseline/template@2")


def test_an_unknown_model_argument_is_refused() -> None:
    with pytest.raises(UnknownName, match="model argument 'temperature'"):
        load_provider("baseline/template", ProviderSettings(model_args={"temperature": "1"}))


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A distribution with two providers, one of which cannot be imported."""
    (tmp_path / "acme_provider.py").write_text(
        "from pytest_pet2rep.models.baseline import Baseline\n"
        "def open_acme(spec, settings):\n"
        "    return Baseline(name=str(spec), answer=lambda request: spec.name)\n"
    )
    information = tmp_path / "acme-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: acme\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text(
        f"[{registry.ENTRY_POINT_GROUP}]\n"
        "acme = acme_provider:open_acme\nbroken = no_such_module:x\nhf = acme_provider:open_acme\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))


@pytest.mark.usefixtures("installed")
def test_a_distribution_adds_a_provider_by_entry_point() -> None:
    assert {"acme", "baseline", "broken", "hf"} <= set(registry.provider_names())
    answer = generate_one(load_provider("acme/word"), a_request())
    assert answer.raw == "word"
    with pytest.raises(UnknownName, match="did you mean 'acme'"):
        load_provider("acmee/x")


@pytest.mark.usefixtures("installed")
def test_a_provider_that_cannot_be_imported_is_named() -> None:
    with pytest.raises(UsageProblem, match=r"'broken'.*cannot be imported.*no_such_module"):
        load_provider("broken/x")


@pytest.mark.usefixtures("installed")
def test_a_built_in_name_stays_ours() -> None:
    with pytest.raises(UsageProblem, match="there is no folder"):
        load_provider("hf//no/such/folder")


def test_looking_up_names_imports_no_heavy_library() -> None:
    code = (
        "import sys; from pytest_pet2rep.models.registry import load_provider;"
        "load_provider('baseline/template').identity;"
        "import pytest_pet2rep.models.request, pytest_pet2rep.models.cleaning;"
        "print(sorted({'torch', 'numpy', 'transformers', 'PIL', 'openai'} & set(sys.modules)))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"
