"""Figures that the explanation pages print are those of the current code."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest_pet2rep

ROOT = Path(__file__).parents[1]
EXPLANATION = ROOT / "docs" / "explanation"


def test_the_table_of_exchanged_uptake_words_is_what_the_scores_say() -> None:
    flip = load(ROOT / "benchmarks" / "uptake_flip.py")
    page = (EXPLANATION / "why-text-scores-miss-an-uptake-flip.md").read_text(encoding="utf-8")
    texts = flip.references()
    assert len(texts) == 80
    for change, changed in flip.variants().items():
        values = pytest_pet2rep.score(texts, changed, language="zh").values
        row = " | ".join(f"{100 * (values[name] or 0):.1f}" for name in flip.SHOWN)
        assert f"| {change} | {row} |" in page


def test_the_accuracy_that_pages_quote_is_that_of_the_installed_extractor() -> None:
    from pytest_pet2rep.findings.reader import EXTRACTOR

    page = (EXPLANATION / "how-the-extractor-reads.md").read_text(encoding="utf-8")
    assert f"`{EXTRACTOR}`" in page


def test_the_floors_on_both_pages_are_the_same() -> None:
    how_to = (ROOT / "docs" / "how-to" / "does-it-look.md").read_text(encoding="utf-8")
    meaning = (EXPLANATION / "what-the-numbers-mean.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (?:BLEU-4|METEOR|ROUGE-L|CE-F1) \|.*$", how_to, re.MULTILINE)
    assert len(rows) == 4
    assert all(row in meaning for row in rows)


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
