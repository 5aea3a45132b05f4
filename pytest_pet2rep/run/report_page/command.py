"""The HTML report of a run: written at its end, or by ``pet2rep report RUN``."""

from __future__ import annotations

import argparse
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_pet2rep.errors import DataProblem, StoreError, UsageProblem
from pytest_pet2rep.render.html.environment import check_jinja, render_page
from pytest_pet2rep.run.report_page import report_page
from pytest_pet2rep.run.report_page.pictures import (
    MOST_BYTES,
    NO_IMAGES,
    NONE,
    PictureSet,
    beside_the_page,
    inside_the_page,
    pack_pictures,
    remove_stale_images,
    view_options_of,
)
from pytest_pet2rep.run.runfiles import RunData, load_run

if TYPE_CHECKING:
    from pytest_pet2rep.cohorts.cohort import Cohort
    from pytest_pet2rep.run.compare import Comparison
    from pytest_pet2rep.run.runtime import Runtime

REPORT_FILE = "report.html"


def report_html(
    run: RunData,
    *,
    path: Path,
    baseline: RunData | None = None,
    allowed: Collection[str] = (),
    pictures: PictureSet = NONE,
    language: str = "",
) -> str:
    """Return the page of ``run``; images that would make it too large are written beside ``path``.

    ``language`` is that of the interface at first sight; empty: that of the reports.  A baseline
    that cannot be compared is said on the page.
    """
    linked = pictures.size > MOST_BYTES
    placed = beside_the_page(pictures, path) if linked else inside_the_page(pictures)
    comparison, why_not = _compared(run, baseline, allowed)
    page = report_page(
        run,
        baseline=baseline if comparison is not None else None,
        comparison=comparison,
        not_compared=why_not,
        pictures=placed,
        pictures_note=pictures.note,
    )
    names = {organ.id: {"en": organ.en, "zh": organ.zh} for organ in run.profile.organs}
    return render_page({"page": page}, names, language or _language_of(run))


def write_report(path: Path, html: str) -> None:
    """Write the page, readable by its owner only, as a whole or not at all.

    Images of an earlier page of that name, which this one does not show, are removed.  Raises
    ``UsageProblem`` where that cannot be.
    """
    from pytest_pet2rep.run.runfiles.writing import write_private

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_private(path, html)
    except (OSError, StoreError) as why:
        raise UsageProblem(f"{path} cannot be written: {why}") from why
    remove_stale_images(path, html)


def report_of_session(
    runtime: Runtime,
    run: RunData,
    path: Path,
    *,
    baseline: RunData | None = None,
    allowed: Collection[str] = (),
) -> None:
    """Write the report of a run that has just ended, with the images that its model was sent.

    Raises ``UsageProblem``.
    """
    pictures = NONE
    if _saw_images(run) and not runtime.settings.redact:
        from pytest_pet2rep.run.case_images import images_of

        pictures = pack_pictures(
            runtime.cases(), lambda case: images_of(case, runtime.view_options)
        )
    html = report_html(run, path=path, baseline=baseline, allowed=allowed, pictures=pictures)
    write_report(path, html)


def report_stored(options: argparse.Namespace) -> int:
    """Write the HTML report of a stored run; say where.

    Raises ``UsageProblem`` for a run or baseline that is not there, ``DataProblem`` for one that
    cannot be read, ``MissingDependency`` without the package that fills the templates.
    """
    check_jinja()
    run = load_run(options.run_path)
    if "outcomes" not in run.summary or not run.planned or run.path is None:
        raise UsageProblem(f"{options.run_path} is no run that a report can be made of")
    baseline = None
    if options.baseline:
        from pytest_pet2rep.run.baseline_runs import load_baseline

        baseline = load_baseline(Path.cwd(), options.baseline)
    folder = run.path if run.path.is_dir() else run.path.parent
    path = options.out or folder / REPORT_FILE
    if path.is_dir():
        raise UsageProblem(f"{path} is a folder: name a file in it")
    html = report_html(
        run,
        path=path,
        baseline=baseline,
        pictures=_stored_pictures(run, options.cases),
        language=options.language or "",
    )
    write_report(path, html)
    print(path)
    return 0


def _stored_pictures(run: RunData, cohort_path: Path | None) -> PictureSet:
    """Make the images of a stored run again, where that is asked for or its model saw some."""
    from pytest_pet2rep.cohorts.cohort import find_cohort

    if cohort_path is None and not _saw_images(run):
        return NONE
    if _withheld(run):
        return PictureSet(by_case={}, note="withheld: --pet2rep-redact")
    cohort = find_cohort(cohort_path)
    if cohort_path is None and cohort.name != run.card.get("cohort", {}).get("name"):
        return PictureSet(
            by_case={}, note="the cohort of the run is not at hand: name it with --cases"
        )
    return _of_cohort(run, cohort)


def _of_cohort(run: RunData, cohort: Cohort) -> PictureSet:
    from pytest_pet2rep.cohorts.casefile import load_case
    from pytest_pet2rep.imaging.options import ViewOptions
    from pytest_pet2rep.run.case_images import images_of

    preprocessing = str(run.card.get("preprocessing", NO_IMAGES))
    options = ViewOptions() if preprocessing == NO_IMAGES else view_options_of(preprocessing)
    if options is None:
        return PictureSet(by_case={}, note="the run made its images with arguments of its own")
    wanted = run.card.get("cohort", {}).get("case_list", {})
    cases = []
    for case_id, file in zip(cohort.case_ids, cohort.case_files, strict=True):
        if case_id in wanted:
            case = load_case(file, cohort=cohort.name)
            if case.digest[:16] == wanted[case_id]:
                cases.append(case)
    found = pack_pictures(cases, lambda case: images_of(case, options))
    changed = len(wanted) - len(cases)
    if not changed:
        return found
    note = f"{changed} cases are not in the cohort, or were changed since the run"
    return PictureSet(by_case=found.by_case, note="; ".join(filter(None, (found.note, note))))


def _saw_images(run: RunData) -> bool:
    return str(run.card.get("preprocessing", NO_IMAGES)) != NO_IMAGES


def _withheld(run: RunData) -> bool:
    """Say whether the run keeps no texts: then its images are not shown either."""
    return all(text.reference is None for text in run.texts.values())


def _compared(
    run: RunData, baseline: RunData | None, allowed: Collection[str]
) -> tuple[Comparison | None, str]:
    if baseline is None:
        return None, ""
    from pytest_pet2rep.run.compare import compare_runs

    try:
        return compare_runs(run, baseline, allowed=allowed), ""
    except (UsageProblem, DataProblem) as why:
        return None, str(why)


def _language_of(run: RunData) -> str:
    """The language of most reports; English where they are even."""
    languages = [str(text.language) for text in run.texts.values()]
    return "zh" if languages.count("zh") * 2 > len(languages) else "en"
