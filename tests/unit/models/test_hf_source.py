"""Where weights come from, what they are known by, and what is refused before loading."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from pytest_pet2rep.errors import MissingDependency, UnknownName, UsageProblem
from pytest_pet2rep.models.hf.source import folder_digest
from pytest_pet2rep.models.registry import ProviderSettings, load_provider

torch = pytest.importorskip("torch")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the files of a model; nothing here loads it."""
    monkeypatch.setenv("PET2REP_CACHE", str(tmp_path / "cache"))
    made = tmp_path / "model"
    made.mkdir()
    (made / "config.json").write_text("{}")
    (made / "model.safetensors").write_bytes(bytes(2 << 20))
    return made


def test_the_identity_of_a_folder_is_its_content_not_its_place(folder: Path) -> None:
    here = load_provider(f"hf/{folder}").identity
    assert here.verified
    moved = shutil.copytree(folder, folder.with_name("elsewhere"))
    assert load_provider(f"hf/{moved}").identity == here


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "chat_template.jinja"])
def test_any_file_that_decides_an_answer_changes_the_identity(folder: Path, name: str) -> None:
    before = folder_digest(folder)
    with (folder / name).open("ab") as stream:
        stream.write(b" ")
    assert folder_digest(folder) != before


def test_a_readme_does_not_change_the_identity(folder: Path) -> None:
    before = folder_digest(folder)
    (folder / "README.md").write_text("card")
    assert folder_digest(folder) == before


def test_the_digest_of_large_weights_is_remembered_until_they_change(
    folder: Path, tmp_path: Path
) -> None:
    before = folder_digest(folder)
    (remembered,) = (tmp_path / "cache" / "digests").iterdir()
    remembered.write_text("0" * 64)
    assert folder_digest(folder) != before
    weights = folder / "model.safetensors"
    stamp = weights.stat().st_mtime_ns
    weights.write_bytes(bytes(2 << 20))
    os.utime(weights, ns=(stamp, stamp + 1))
    assert folder_digest(folder) == before


def test_a_torn_note_of_a_digest_is_not_believed(folder: Path, tmp_path: Path) -> None:
    before = folder_digest(folder)
    (remembered,) = (tmp_path / "cache" / "digests").iterdir()
    remembered.write_text("0" * 10)
    assert folder_digest(folder) == before


def test_arguments_that_change_the_model_are_part_of_its_identity(folder: Path) -> None:
    def identity(**arguments: str) -> str:
        return load_provider(f"hf/{folder}", ProviderSettings(model_args=arguments)).identity.text

    assert identity(dtype="float32") != identity()
    assert identity(device="cpu") == identity()


def test_pickled_weights_are_refused(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(UsageProblem, match=r"no \.safetensors weights.*refused"):
        load_provider(f"hf/{folder}")


def test_a_folder_that_is_missing_or_no_model_is_explained(folder: Path) -> None:
    with pytest.raises(UsageProblem, match="there is no folder"):
        load_provider(f"hf/{folder}x")
    (folder / "config.json").unlink()
    with pytest.raises(UsageProblem, match=r"has no config\.json"):
        load_provider(f"hf/{folder}")


def test_a_folder_has_no_revision(folder: Path) -> None:
    with pytest.raises(UsageProblem, match="a folder has no revision"):
        load_provider(f"hf/{folder}@main")


@pytest.mark.parametrize("revision", ["", "@main", "@v1.0", "@" + "a" * 39])
def test_remote_code_needs_a_pinned_commit(revision: str) -> None:
    settings = ProviderSettings(trust_remote_code=True, offline=True)
    with pytest.raises(UsageProblem, match="only from a pinned commit"):
        load_provider(f"hf/some/model{revision}", settings)


def test_a_name_that_is_neither_folder_nor_repository_is_explained() -> None:
    with pytest.raises(UsageProblem, match="neither a folder here nor a repository"):
        load_provider("hf/models/a/b/c")


def test_an_unknown_argument_gets_the_nearest_known_one(folder: Path) -> None:
    with pytest.raises(UnknownName, match="did you mean 'dtype'"):
        load_provider(f"hf/{folder}", ProviderSettings(model_args={"dtyp": "float32"}))


@pytest.mark.parametrize("package", ["torch", "transformers"])
def test_a_missing_library_is_named_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, folder: Path, package: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingDependency, match=rf"'{package}'.*pytest-pet2rep\[hf\]"):
        load_provider(f"hf/{folder}")


def test_a_torchvision_that_does_not_fit_torch_is_named(
    monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    package = folder.with_name("site") / "torchvision"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('operator nms does not exist')")
    monkeypatch.delitem(sys.modules, "torchvision", raising=False)
    monkeypatch.syspath_prepend(str(package.parent))
    with pytest.raises(UsageProblem, match=r"torchvision does not work \(RuntimeError: operator"):
        load_provider(f"hf/{folder}").generate([])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"dtype": "int8"}, "unknown dtype 'int8'"),
        ({"batch_size": "0"}, "batch_size=0 is no whole number from 1"),
        ({"chat_template": "x"}, "did you mean 'chat_template.KEY'"),
        ({"device": "tpu9000"}, "device=tpu9000 is no device"),
        ({}, "the model cannot be loaded: "),
    ],
)
def test_what_cannot_be_loaded_is_one_sentence(
    folder: Path, arguments: dict[str, str], said: str
) -> None:
    with pytest.raises(UsageProblem) as caught:
        load_provider(f"hf/{folder}", ProviderSettings(model_args=arguments)).generate([])
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def a_pickle_that_runs_code(file: Path, mark: Path) -> None:
    """A checkpoint as torch saves it, whose unpickling would make the file ``mark``."""

    class Trap:
        def __reduce__(self) -> tuple[object, ...]:
            return (Path.touch, (mark,))

    torch.save({"weight": torch.zeros(2), "trap": Trap()}, file)


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt"])
def test_a_pickled_checkpoint_is_refused_and_never_opened(folder: Path, name: str) -> None:
    mark = folder.with_name("code ran")
    (folder / "model.safetensors").unlink()
    a_pickle_that_runs_code(folder / name, mark)
    torch.load(folder / name, weights_only=False)
    assert mark.exists()  # the trap works
    mark.unlink()
    with pytest.raises(UsageProblem, match=r"no \.safetensors weights.*refused") as caught:
        load_provider(f"hf/{folder}").generate([])
    assert "\n" not in str(caught.value)
    assert not mark.exists()
