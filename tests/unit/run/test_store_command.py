"""``pet2rep store``: look into the store, take texts out of it, clear it up."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_pet2rep.cli import main
from pytest_pet2rep.errors import GenerationFailed
from pytest_pet2rep.models.outputs import read_outputs
from pytest_pet2rep.store.generations import GenerationStore
from pytest_pet2rep.types import FinishReason, Generation

Command = Callable[..., tuple[int, str, str]]


def keep(root: Path, number: int, text: str, *, run: str = "4be1", **about: object) -> None:
    store = GenerationStore(root=root, run=run, facts={"model": about.pop("model", "hf/x")})
    store.obtain(
        f"{number:02x}" + "0" * 62,
        lambda: Generation(raw=text, finish_reason=FinishReason.STOP),
        reusable=lambda g: True,
        about={"case": f"PET-{number}", "cohort": "c", "repeat": 0, "purpose": "score", **about},
    )


@pytest.fixture
def root(tmp_path: Path) -> Path:
    store = tmp_path / "store"
    keep(store, 1, "肝脏摄取增高。\x1b[31m")
    keep(store, 2, "second")
    keep(store, 3, "of another", model="hf/y", run="77aa")
    return store


@pytest.fixture
def store(root: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    def run(*arguments: str) -> tuple[int, str, str]:
        code = main(["store", *arguments, "--store", str(root)])
        out, err = capsys.readouterr()
        return code, out, err

    return run


@pytest.mark.parametrize(
    ("by", "names"),
    [("model", ["hf/x", "hf/y"]), ("run", ["4be1", "77aa"]), ("cohort", ["c"])],
)
def test_answers_are_listed_by_model_run_and_cohort(
    store: Command, by: str, names: list[str]
) -> None:
    code, out, _ = store("ls", "--by", by, "--json")
    rows = json.loads(out)["rows"]
    assert (code, [row[by] for row in rows]) == (0, names)
    assert sum(row["answers"] for row in rows) == sum(row["usable"] for row in rows) == 3
    sizes = sum(len(text.encode()) for text in ("肝脏摄取增高。\x1b[31m", "second", "of another"))
    assert sum(row["bytes"] for row in rows) == sizes
    assert all(name in store("ls", "--by", by)[1] for name in names)


def test_a_selection_narrows_the_list(store: Command) -> None:
    assert json.loads(store("ls", "--model", "hf/y", "--json")[1])["rows"][0]["answers"] == 1
    assert json.loads(store("ls", "--run", "4b", "--json")[1])["rows"][0]["answers"] == 2
    assert json.loads(store("ls", "--older-than", "1d", "--json")[1])["rows"] == []


@pytest.mark.parametrize("what", ["PET-1", "0100"])
def test_an_answer_is_shown_by_case_or_key_and_cannot_touch_the_terminal(
    store: Command, what: str
) -> None:
    code, out, _ = store("show", what)
    assert code == 0
    assert "肝脏摄取增高。\\x1b[31m" in out
    assert "\x1b" not in out
    assert "model: hf/x" in out
    assert "case: PET-1" in out


def test_what_is_not_there_is_said_in_one_line(store: Command) -> None:
    code, _, err = store("show", "PET-9")
    assert code == 4
    assert err.startswith("pet2rep: PET-9 is no case and begins no key")
    assert main(["store", "ls", "--store", "/nowhere/at/all"]) == 4
    assert store("ls", "--older-than", "soon")[0] == 4


def test_an_export_is_what_replay_reads(store: Command, root: Path, tmp_path: Path) -> None:
    out = tmp_path / "outputs.jsonl"
    assert store("export", "--model", "hf/x", "--out", str(out))[0] == 0
    lines = read_outputs(out).lines
    assert {case: line.text for (case, _), line in lines.items()} == {
        "PET-1": "肝脏摄取增高。\x1b[31m",
        "PET-2": "second",
    }
    assert out.stat().st_mode & 0o077 == 0
    assert store("export", "--run", "77")[1].count("\n") == 1


def test_an_export_of_several_models_is_refused_with_their_names(store: Command) -> None:
    code, _, err = store("export")
    assert code == 4
    assert "hf/x, hf/y" in err


def test_an_export_names_what_has_no_text_and_what_has_several(store: Command, root: Path) -> None:
    def fail() -> Generation:
        raise GenerationFailed("no")

    failing = GenerationStore(root=root, run="77aa", facts={"model": "hf/y"})
    failing.obtain("ff" + "0" * 62, fail, reusable=bool, about={"case": "PET-9"})
    code, out, err = store("export", "--model", "hf/y")
    assert (code, out.count("\n")) == (1, 1)
    assert "1 report failed" in err
    keep(root, 4, "with another prompt", model="hf/x", case="PET-1")
    code, out, err = store("export", "--model", "hf/x")
    assert (code, out.count("\n")) == (1, 2)
    assert "different questions" in err


def test_clearing_up_says_what_would_go_until_it_is_told_to(store: Command) -> None:
    code, out, _ = store("gc", "--model", "hf/x")
    assert code == 0
    assert "2 answers that were asked for" in out
    assert "nothing was removed: add --yes" in out
    assert store("gc", "--model", "hf/x", "--yes")[1].startswith("removed:")
    assert [row["model"] for row in json.loads(store("ls", "--json")[1])["rows"]] == ["hf/y"]


def test_damaged_lines_are_counted(store: Command, root: Path) -> None:
    with (root / "journal" / "01.jsonl").open("ab") as out:
        out.write(b'{"key": "01')
    code, _, err = store("ls")
    assert code == 0
    assert "1 damaged line of the journal skipped: 01.jsonl:" in err
