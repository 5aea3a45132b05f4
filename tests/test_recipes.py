"""The recipes of CONTRIBUTING.md, followed word for word."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from pytest_pet2rep.types import Language
from tests.doc_blocks import ROOT, Block, blocks_of

PAGE = ROOT / "CONTRIBUTING.md"
BLOCKS = blocks_of(PAGE)
PAIRS = [
    {"id": "A1", "reference": "肝脏FDG摄取增高。", "prediction": "肝脏FDG摄取减低。"},
    {"id": "A2", "reference": "脾脏FDG摄取未见异常。", "prediction": "脾脏FDG摄取未见异常。"},
]


def block(file: str) -> Block:
    """The block that shows a file."""
    (found,) = [b for b in BLOCKS if b.file == file]
    return found


def run(*words: str, at: Path, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run Python in a folder; modules are looked for in ``path`` first."""
    return subprocess.run(
        [sys.executable, *words],
        cwd=at,
        env={**os.environ, "PYTHONPATH": str(path or at)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture
def copy_of_the_package(tmp_path: Path) -> Path:
    """A checkout to change: the package alone."""
    ignored = shutil.ignore_patterns("__pycache__", "audit")
    shutil.copytree(ROOT / "pytest_pet2rep", tmp_path / "pytest_pet2rep", ignore=ignored)
    return tmp_path


def read(text: str, *arguments: str, at: Path) -> dict[str, str]:
    """Organ -> state of what a report states, read by the package in ``at``."""
    (at / "report.txt").write_text(text, encoding="utf-8")
    done = run("-m", "pytest_pet2rep.cli", "read", "report.txt", "--json", *arguments, at=at)
    assert done.returncode == 0, done.stderr
    mentions = json.loads(done.stdout)["mentions"]
    return {mention["organ"]: mention["state"] for mention in mentions}


def test_an_organ_is_a_block_of_the_catalogue_and_a_line_of_a_list(
    copy_of_the_package: Path,
) -> None:
    sentence = "胎盘FDG摄取增高，子宫FDG摄取未见异常。"
    assert "placenta" not in read(sentence, at=copy_of_the_package)
    catalogue = copy_of_the_package / "pytest_pet2rep" / "data" / "anatomy" / "organs.toml"
    own = block("organs.toml").text.partition("\n")[2]
    catalogue.write_text(catalogue.read_text(encoding="utf-8") + "\n" + own, encoding="utf-8")
    listed = block("with-placenta.toml")
    (copy_of_the_package / listed.file).write_text(listed.text, encoding="utf-8")
    after = read(sentence, "--profile", listed.file, at=copy_of_the_package)
    assert after == {"placenta": "increased", "uterus": "normal"}


def test_a_word_is_one_entry_of_a_list(copy_of_the_package: Path) -> None:
    (line,) = [b.text for b in BLOCKS if " += " in b.text]
    file, kind, word = re.fullmatch(r"(\S+)\s+(\w+) \+= (\".+\")\n", line).groups()  # type: ignore[union-attr]
    sentence = f"The liver is {word.strip(chr(34))}."
    assert read(sentence, at=copy_of_the_package) == {}
    lexicon = copy_of_the_package / file
    text = lexicon.read_text(encoding="utf-8")
    lexicon.write_text(text.replace(f"\n{kind} = [", f"\n{kind} = [{word}, ", 1), encoding="utf-8")
    assert read(sentence, at=copy_of_the_package) == {"liver": "increased"}


def test_every_file_that_the_page_names_is_there_and_every_language_has_its_own() -> None:
    named = set(re.findall(r"`((?:pytest_pet2rep|docs|tests)/[\w./-]+)`", PAGE.read_text("utf-8")))
    assert len(named) > 20
    assert not [path for path in named if not (ROOT / path).exists()]
    for path in named:
        parts = re.fullmatch(r"(.*[/._])en(\..*)", path)
        for language in Language if parts else ():
            assert parts is not None
            assert (ROOT / f"{parts[1]}{language}{parts[2]}").exists()


def install(module: str, at: Path) -> None:
    """Lay out what pip would install of a package of one module."""
    (at / f"{module}.py").write_text(block(f"{module}.py").text, encoding="utf-8")
    (table,) = [b.text for b in BLOCKS if b.language == "toml" and f'"{module}:' in b.text]
    points = tomllib.loads(table)["project"]["entry-points"]
    info = at / f"{module}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
    lines = [
        line
        for group, entries in points.items()
        for line in (f"[{group}]", *(f"{name} = {value}" for name, value in entries.items()))
    ]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with a cohort of two cases and the outputs of a model."""
    lines = "".join(json.dumps(pair) + "\n" for pair in PAIRS)
    (tmp_path / "pairs.jsonl").write_text(lines, encoding="utf-8")
    done = run("-m", "pytest_pet2rep.cli", "import", "pairs", "pairs.jsonl", "cohort", at=tmp_path)
    assert done.returncode == 0, done.stderr
    shutil.copy(tmp_path / "cohort" / "outputs.jsonl", tmp_path / "outputs.jsonl")
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = -p no:hypothesispytest\n")
    return tmp_path


def benchmark(command_with: str, at: Path) -> dict[str, object]:
    """Run the command of the page that holds ``command_with`` on the cohort of the project."""
    (command,) = [
        line
        for b in BLOCKS
        if b.language == "console"
        for line in b.text.splitlines()
        if command_with in line
    ]
    words = [*command.split(), "--pet2rep-cases=cohort", "--pet2rep-json=s.json"]
    done = run("-m", *words, "--pet2rep-expectations=report", at=at)
    assert done.returncode == 0, done.stdout + done.stderr
    loaded: dict[str, object] = json.loads((at / "s.json").read_text(encoding="utf-8"))
    return loaded


def test_a_metric_is_a_function_and_an_entry_point(project: Path) -> None:
    install("word_overlap", project)
    summary = json.dumps(benchmark("pet2rep-metrics=", project))
    assert "word_overlap|tok:jieba" in summary


def test_a_provider_is_a_function_and_an_entry_point(project: Path) -> None:
    install("echo_provider", project)
    summary = benchmark("--pet2rep-model=echo/", project)
    card = summary["card"]
    assert isinstance(card, dict)
    assert card["model"]["spec"].startswith("echo/")
    assert card["model"]["verified"] is True
