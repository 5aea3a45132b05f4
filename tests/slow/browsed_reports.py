"""Reports to open in a browser, and what is known of them without looking at the page."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from pytest_pet2rep.run.report_page.command import report_html
from pytest_pet2rep.run.runfiles import RunData, load_run
from pytest_pet2rep.types import Kind, Outcome, Record
from tests.unit.run.stored_runs import MISSED, OUTPUTS, ZH, store_run
from tests.unit.run.test_report_page import picture_set

TINY_VLM = Path(__file__).parents[2] / "examples" / "tiny-vlm" / "model"
KINDS = {
    "missed": (Kind.MISSED,),
    "wrong_state": (Kind.WRONG_STATE, Kind.PARTIAL),
    "false_alarm": (Kind.FALSE_ALARM,),
}
"""What the page's filter of outcomes offers, and what the records call it."""


@dataclass(frozen=True, kw_only=True)
class Browsed:
    """A page, and what its run is known to hold; cases by id, organs by id."""

    path: Path
    run: RunData
    organ: str
    troubled: Collection[str]
    """Cases with an error in ``organ``."""
    outcome: str
    """An entry of the filter of outcomes."""
    both: Collection[str]
    """Cases that stay when ``outcome`` is chosen, too."""
    other_organ: str
    other_troubled: Collection[str]
    clean: str
    """A case without any error."""
    missed_case: str
    """Its reference calls ``missed_organ`` increased, its report calls it normal."""
    missed_organ: str
    normal_organ: str
    """Called normal by the same report."""
    images: int
    """Images of that case."""

    def cases(self) -> list[str]:
        return sorted({record.case for record in self.run.records})


def six_cases(root: Path, run: RunData) -> Browsed:
    """The stored run of six cases beside an older one, with pictures of three of them."""
    texts = {**OUTPUTS, "PET-1": MISSED, "PET-2": ZH}
    old = store_run(root, root / "old", name="old", texts=texts, run_id="b" * 32)
    path = root / "report.html"
    html = report_html(run, path=path, baseline=old, pictures=picture_set(3), language="en")
    path.write_text(html, encoding="utf-8")
    return Browsed(
        path=path,
        run=run,
        organ="liver",
        troubled={"PET-2", "PET-5"},
        outcome="no_report",
        both={"PET-5"},
        other_organ="spleen",
        other_troubled={"PET-6"},
        clean="PET-1",
        missed_case="PET-2",
        missed_organ="liver",
        normal_organ="brain",
        images=1,
    )


def tiny_vlm_on_the_shipped_cohort(folder: Path) -> Browsed:
    """The repository's model on all shipped cases, with floors and the template as baseline."""
    benchmark(folder, "baseline/template", "--pet2rep-save=template")
    path, files = folder / "report.html", folder / "run"
    benchmark(
        folder,
        f"hf/{TINY_VLM}",
        "--pet2rep-baseline=template",
        f"--pet2rep-html={path}",
        f"--pet2rep-run-dir={files}",
    )
    return known_by_records(path, load_run(files))


def benchmark(folder: Path, model: str, *options: str) -> None:
    """Run the benchmark as a user does, in ``folder``."""
    common = ("--pet2rep-expectations=report", f"--pet2rep-store={folder / 'store'}")
    done = subprocess.run(
        [
            sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--rootdir={folder}",
            f"--pet2rep-model={model}", *common, *options,
        ],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def known_by_records(path: Path, run: RunData) -> Browsed:
    """Find in the records of a run what can be looked for on its page."""
    uptake = [record for record in run.records if record.check == "uptake"]
    wrong = {
        organ.id: {r.case for r in uptake if r.organ == organ.id and r.outcome is not Outcome.HIT}
        for organ in run.profile.organs
    }
    named = {word: {r.case for r in uptake if r.kind in kinds} for word, kinds in KINDS.items()}
    # The two choices of which the second hides most, and leaves something.
    organ, outcome = max(
        ((organ, word) for organ in wrong for word in named if wrong[organ] & named[word]),
        key=lambda choice: len(wrong[choice[0]] - named[choice[1]]),
    )
    other = max(set(wrong) - {organ}, key=lambda each: (len(wrong[each]), each))
    missed = next(record for record in uptake if _overlooked(record))
    normal = next(r for r in uptake if r.case == missed.case and _rightly_normal(r))
    failed = {record.case for record in run.records if record.failed}
    clean = min({record.case for record in run.records} - failed)
    return Browsed(
        path=path,
        run=run,
        organ=organ,
        troubled=wrong[organ],
        outcome=outcome,
        both=wrong[organ] & named[outcome],
        other_organ=other,
        other_troubled=wrong[other],
        clean=clean,
        missed_case=missed.case,
        missed_organ=missed.organ,
        normal_organ=normal.organ,
        images=3,
    )


def _overlooked(record: Record) -> bool:
    states = (record.expected, record.generated)
    return states == (("increased",), ("normal",)) and all(record.evidence)


def _rightly_normal(record: Record) -> bool:
    return record.expected == record.generated == ("normal",)
