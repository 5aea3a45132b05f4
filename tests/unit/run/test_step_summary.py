"""The Markdown page of a run: within its budget, what decides first, and inert."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_pet2rep.run.merge import summary_of
from pytest_pet2rep.run.runfiles import RunData
from pytest_pet2rep.run.step_summary import PAGE_BYTES, append_to_page, step_summary
from pytest_pet2rep.run.summary import Summary
from pytest_pet2rep.types import Record
from tests.unit.run.hostile import hostile_run
from tests.unit.run.stored_runs import store_run

GITHUB_LIMIT = 1 << 20


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunData:
    root = tmp_path_factory.mktemp("page")
    return store_run(root, root / "run")


@pytest.fixture(scope="module")
def summary(run: RunData) -> Summary:
    return summary_of(run)


def as_gate(name: str) -> dict[str, object]:
    return {
        "name": name, "expression": f"{name} >= 0.5", "metric": name, "verdict": "fail",
        "reason": "below", "value": 0.4, "bound": 0.3, "n": 6, "confidence": 0.95,
    }  # fmt: skip


def sized(run: RunData, cases: int, characters: int) -> RunData:
    """A run of many cases, each with the records of PET-2 and texts of a given length."""
    old = [record for record in run.records if record.case == "PET-2"]
    text = run.texts["PET-2", 0]
    long = (text.reference or "") * characters

    def records() -> Iterator[Record]:
        for at in range(cases):
            for record in old:
                yield replace(record, case=f"PET-{at:04d}")

    texts = {
        (f"PET-{at:04d}", 0): replace(
            text, case=f"PET-{at:04d}", reference=long[:characters], generated=long[-characters:]
        )
        for at in range(cases)
    }
    return replace(run, records=tuple(records()), texts=texts, holes=())


def test_verdict_then_gates_then_scores_then_worst_cases(run: RunData, summary: Summary) -> None:
    page = step_summary(replace(run, gates=(as_gate("ce_f1"),)), summary)
    marks = ("exit 1", "| verdict | gate |", "### zh: 5 cases", "### Organs", "### Worst cases")
    places = [page.replace("&#58;", ":").find(mark) for mark in marks]
    assert -1 not in places
    assert places == sorted(places)


def test_a_failed_case_comes_with_its_evidence_and_both_texts(
    run: RunData, summary: Summary
) -> None:
    page = step_summary(run, summary)
    (block,) = re.findall(r"<details><summary>PET-2:.*?</details>", page, re.DOTALL)
    assert "肝脏形态正常，FDG摄取未见异常" in block
    assert block.count("<pre>") == block.count("</pre>") == 2


def test_565_cases_of_1300_characters_stay_under_the_limit(run: RunData) -> None:
    large = sized(run, 565, 1300)
    page = step_summary(large)
    assert len(page.encode()) <= PAGE_BYTES < GITHUB_LIMIT
    assert page.count("<details>") == page.count("</details>") == 21
    assert page.count("<pre>") == 40
    assert all(f"PET-{at:04d}" in page for at in range(565))


@pytest.mark.parametrize("budget", [0, 40, 400, 2000, 5000, 20_000])
def test_whatever_the_budget_it_is_kept_and_no_block_is_left_open(
    run: RunData, summary: Summary, budget: int
) -> None:
    page = step_summary(run, summary, budget)
    assert len(page.encode()) <= budget
    assert page.count("<details>") == page.count("</details>")
    assert page.count("<pre>") == page.count("</pre>")


def test_what_other_tools_wrote_stays_and_counts(
    run: RunData, summary: Summary, tmp_path: Path
) -> None:
    path = tmp_path / "summary.md"
    path.write_text("# another tool\n" + "x" * (PAGE_BYTES - 3000))
    append_to_page(path, run, summary)
    text = path.read_text()
    assert text.startswith("# another tool\n")
    assert "## pet2rep" in text
    assert path.stat().st_size <= PAGE_BYTES


def test_hostile_texts_make_no_markup_no_link_and_no_html(run: RunData) -> None:
    page = step_summary(hostile_run(run))
    assert "canary" in page
    outside = re.sub(r"&#\d+;", "", page)
    tags = set(re.findall(r"<[^>]*>", outside))
    assert tags <= {
        "<details>", "</details>", "<summary>", "</summary>", "<pre>", "</pre>", "<br>",
    }  # fmt: skip
    assert not re.search(r"\]\(|http:|https:|www\.|`|\{\{|\x1b|\u202e|\u200b", page)
    tables = [line for line in page.splitlines() if line.startswith("|")]
    assert tables
    widths = [line.count("|") for line in tables]
    starts = [at for at, line in enumerate(tables) if set(line) <= set("|-: ")]
    assert all(widths[at] == widths[at - 1] for at in starts)


def test_a_redacted_run_has_a_page_without_texts(tmp_path: Path) -> None:
    page = step_summary(store_run(tmp_path, tmp_path / "run", redact=True))
    assert "<pre>" not in page
    assert "结节" not in page
    assert "PET-2" in page


def test_the_page_that_is_sent_by_itself_has_no_text_of_a_private_case(
    run: RunData, summary: Summary, tmp_path: Path
) -> None:
    texts = {key: replace(text, private=key[0] == "PET-2") for key, text in run.texts.items()}
    mixed = replace(run, texts=texts)
    path = tmp_path / "summary.md"
    append_to_page(path, mixed, summary)
    blocks = dict(re.findall(r"<summary>(PET-\d):(.*?)</details>", path.read_text(), re.DOTALL))
    assert "肝脏形态正常" not in blocks["PET-2"]
    assert "<pre>" not in blocks["PET-2"]
    assert "liver&#58; expected increased, got normal" in blocks["PET-2"]
    assert "脾脏FDG摄取增高" in blocks["PET-6"]
    assert "Texts are withheld" in path.read_text()
    assert "肝脏形态正常" in step_summary(mixed, summary), "where it is asked for"
