"""What the HTML report says in words: of parts of a cohort, of gates, in both languages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pytest_pet2rep.render.html.reasons import in_chinese
from pytest_pet2rep.run.gates.judging import NO_BASELINE_YET, Evidence, judge_gates, measured
from pytest_pet2rep.run.report_page import report_page
from pytest_pet2rep.run.report_page.command import report_html, write_report
from pytest_pet2rep.run.report_page.pictures import NONE, PictureSet, pack_pictures
from pytest_pet2rep.run.runfiles import RunData
from pytest_pet2rep.run.verdict import RunFacts, Undecided, Verdict, run_verdict
from pytest_pet2rep.types import Case, ImageSource, Kind, SentImage
from tests.unit.run.gate_records import SCORING, gates
from tests.unit.run.gate_records import run as records_of
from tests.unit.run.stored_runs import store_run


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunData:
    root = tmp_path_factory.mktemp("wording")
    return store_run(root, root / "run")


def page_of(run: RunData, language: str = "en") -> str:
    return report_html(run, path=Path("x.html"), language=language)


def part_of(run: RunData) -> RunData:
    """Return what ``-k liver`` leaves of a run without gates."""
    kept = tuple(item for item in run.planned if item.organ == "liver")
    records = tuple(record for record in run.records if record.organ == "liver")
    return replace(run, planned=kept, records=records, holes=(), verdict="pass", gates=())


def test_a_part_of_a_cohort_is_never_worded_as_the_whole(run: RunData) -> None:
    html = page_of(part_of(run))
    assert "A part of the cohort was run, no gate set" in html
    assert 'data-w="verdict.complete"' not in html
    assert 'data-w="scores.partial"' in html
    assert 'data-w="head.partial"' in html


def test_a_whole_run_is_not_called_partial(run: RunData) -> None:
    whole = replace(run, verdict="pass", gates=(), holes=())
    assert whole.complete
    html = page_of(whole)
    assert 'data-w="verdict.complete"' in html
    assert 'data-w="scores.partial"' not in html


def test_what_the_reference_leaves_out_is_neither_wrong_nor_agreeing(run: RunData) -> None:
    everything, *organs = report_page(run).confusion
    kinds = [record.kind for record in run.records if record.check == "uptake"]
    assert everything.silent == kinds.count(Kind.NOTHING_INVENTED) > 0
    assert everything.silent == sum(table.silent for table in organs)
    assert everything.wrong == sum(table.wrong for table in organs)
    marked = {mark for row in everything.rows for mark in row.marks}
    assert {"right", "silent"} <= marked
    (unstated,) = [row for row in everything.rows if row.expected == ("unstated",)]
    assert "right" not in unstated.marks


def test_the_caption_of_the_confusion_explains_the_dashed_cells(run: RunData) -> None:
    html = page_of(run)
    assert 'class="n silent' in html
    assert "nothing invented" in html[html.index('data-w="confusion.caption"') :][:400]


def test_shares_of_kinds_are_of_all_uptake_checks(run: RunData) -> None:
    page = report_page(run)
    total = sum(count for _, count in page.outcomes)
    missed = dict(page.kinds)["missed"]
    html = page_of(run)
    cell = html[html.index('data-w="kind.missed">missed</span></th>') :]
    assert f"{100 * missed / total:.1f} %" in cell[:160]


@pytest.mark.parametrize(
    ("plain", "needed"),
    [
        ({"metric": "miss_rate", "op": "<=", "threshold": 0.05, "against": "number"}, "<= 5.0"),
        ({"metric": "ce_f1", "op": ">=", "threshold": 0.1, "against": "floor"}, ">= +10.0"),
        ({"metric": "ce_f1", "op": ">=", "threshold": -0.02, "against": "baseline"}, ">= -2.0"),
        ({"metric": "risk_per_case", "op": "<=", "threshold": 2, "against": "number"}, "<= 2.00"),
        ({"metric": "", "op": ">=", "threshold": 1.0, "against": "items"}, "all"),
        ({"metric": "ce_f1"}, "–"),
    ],
)
def test_what_a_gate_needs_stands_on_the_scale_of_what_was_observed(
    run: RunData, plain: dict[str, object], needed: str
) -> None:
    gate = {"name": "g", "expression": "g", "verdict": "fail", "reason": "", **plain}
    (line,) = report_page(replace(run, gates=(gate,))).gates
    assert line.needed == needed


def test_organs_of_a_case_stand_in_the_order_of_the_organ_list(run: RunData) -> None:
    listed = [organ.id for organ in run.profile.organs]
    for _, detail in report_page(run).details:
        assert [organ["organ"] for organ in detail["organs"]] == listed


def every_verdict() -> Iterator[RunFacts]:
    green = RunFacts(planned=93, cases=3)
    gated = replace(green, gates_set=True, gates=(Verdict.PASS, Verdict.FAIL, Verdict.UNDECIDED))
    yield from (replace(green, status=status) for status in (2, 3, 4, 5))
    yield replace(green, status=2, holes=3)
    yield replace(green, broken_elsewhere=("test_own.py::test_own",))
    yield from (green, replace(green, holes=2), replace(green, failed_items=2, broken_cases=1))
    yield from (gated, replace(gated, holes=2, left_out=31), replace(gated, part="one case of its "
                "cohort was named"), replace(gated, deferred=True, broken_cases=1))  # fmt: skip
    for verdict in Verdict:
        if verdict is not Verdict.ENDED:
            yield replace(gated, gates=(verdict,))
            yield replace(gated, gates=(verdict, verdict), undecided=Undecided.WARN)


@pytest.mark.parametrize("facts", list(every_verdict()))
def test_every_verdict_of_a_run_is_said_in_chinese(facts: RunFacts) -> None:
    said = in_chinese(run_verdict(facts).reason)
    assert re.search("[一-鿿]", said)
    words = set(re.findall("[a-z]{3,}", said)) - {"rep", "undecided", "fail", "pet", "test", "own"}
    assert not words


def test_the_reasons_of_gates_are_said_in_chinese() -> None:
    records, before = records_of(100, 0.8), records_of(90, 0.7)
    asked = gates(
        "ce_recall >= 0.6", "ce_recall >= 0.75", "ce_recall >= 0.9", "error_rate <= 0.1",
        "miss_rate <= 0.3", "miss_rate <= 0.1", "ce_recall >= baseline - 0.5",
        "error_rate <= baseline + 0.1", "ce_f1[organ=liver] >= 0.5",
    )  # fmt: skip
    evidence = Evidence(run=measured(records, SCORING), baseline=measured(before, SCORING, "main"))
    reasons = [result.reason for result in judge_gates(asked, evidence)]
    reasons.append(judge_gates(asked, replace(evidence, baseline=None))[-3].reason)
    assert NO_BASELINE_YET in reasons
    assert len(set(reasons)) >= 7
    assert not [reason for reason in reasons if not re.search("[一-鿿]", in_chinese(reason))]


def test_a_reason_that_is_no_phrase_of_ours_stays_as_it_is() -> None:
    assert not in_chinese("out.json cannot be written: disk full")
    assert not in_chinese("2 failed, said the <b>model</b>")
    assert not in_chinese("1 failed, " * 200)


def test_a_reason_can_be_switched_and_stays_escaped(run: RunData) -> None:
    gate = {"name": "g", "expression": "g", "metric": "ce_f1", "verdict": "fail",
            "reason": "did not pass: <b>PET-1</b> \u202eliver"}  # fmt: skip
    html = page_of(replace(run, gates=(gate,), exit={"reason": "1 gate: 1 failed"}), "zh")
    assert ">1 道门槛：1 未通过</span>" in html
    assert 'data-en="1 gate: 1 failed"' in html
    assert "未通过：&lt;b&gt;PET-1&lt;/b&gt; \\u202eliver" in html


def pictures(cases: int) -> PictureSet:
    """Return one image of noise for each case, all of them different."""
    noise = np.random.default_rng(0).integers(0, 255, (cases, 20, 20, 3), dtype=np.uint8)
    images = {
        f"PET-{number + 1}": (SentImage(name="coronal", pixels=pixels),)
        for number, pixels in enumerate(noise)
    }
    slices = ImageSource(slices=(Path("a.png"),))
    found = [Case(id=case, folder=Path(), cohort="c", images=slices) for case in images]
    return pack_pictures(found, lambda case: images[case.id])


def written(run: RunData, path: Path, shown: PictureSet) -> list[str]:
    """Write the page and return the images that its folder holds then."""
    write_report(path, report_html(run, path=path, pictures=shown))
    folder = path.with_name("page-images")
    return sorted(file.name for file in folder.iterdir()) if folder.exists() else []


def test_images_of_an_earlier_and_larger_run_do_not_stay_beside_the_page(
    run: RunData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pytest_pet2rep.run.report_page.command.MOST_BYTES", 10)
    page = tmp_path / "page.html"
    many = written(run, page, pictures(6))
    few = written(run, page, pictures(2))
    assert len(many) == 6
    assert len(few) == 2
    assert set(few) < set(many)
    assert written(run, page, NONE) == []
    assert not (tmp_path / "page-images").exists()


def test_a_file_of_somebody_else_beside_the_page_is_left_alone(
    run: RunData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pytest_pet2rep.run.report_page.command.MOST_BYTES", 10)
    page = tmp_path / "page.html"
    written(run, page, pictures(2))
    note = tmp_path / "page-images" / "note.webp"
    note.write_text("mine", encoding="utf-8")
    assert written(run, page, NONE) == ["note.webp"]


def test_a_case_without_a_report_does_not_list_every_check_as_failed(run: RunData) -> None:
    lines = {line.case: line for line in report_page(run).cases}
    assert lines["PET-5"].outcome == "refusal"
    assert lines["PET-5"].failed_checks == ()
    assert "check" not in lines["PET-5"].kinds
