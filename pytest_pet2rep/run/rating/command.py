"""``pet2rep rate`` and ``pet2rep ratings``: reports before readers, and what came of it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from pytest_pet2rep.errors import StoreError, UsageProblem
from pytest_pet2rep.render.columns import Align
from pytest_pet2rep.render.json_text import canonical_json
from pytest_pet2rep.render.numbers import UNSCORED, share
from pytest_pet2rep.render.screen import Screen, Tone, screen_of
from pytest_pet2rep.render.table import Column, Table
from pytest_pet2rep.run.rating import draw_sheet, key_of
from pytest_pet2rep.run.rating.agreement import (
    Agreement,
    Correlation,
    MetricAgreement,
    agreements,
    metric_agreements,
)
from pytest_pet2rep.run.rating.files import RatingKey, Reader, read_key, read_ratings
from pytest_pet2rep.run.rating.sheet import sheet_csv, sheet_html
from pytest_pet2rep.run.result_rows import case_values
from pytest_pet2rep.run.runfiles import RunData, load_run, scoring_of
from pytest_pet2rep.run.show.command import print_lines

SCHEMA = "pet2rep/ratings/1"
KEY_FILE = "key.json"
RIGHT = Align.RIGHT


def write_sheets(options: argparse.Namespace) -> int:
    """Write the sheets of all readers and the key, readable by their owner only; return 0.

    Raises ``UsageProblem`` for a run without texts or with fewer reports than are asked for.
    """
    run = load_run(options.run_path)
    sheet = draw_sheet(run, options.sample, options.seed)
    files = {KEY_FILE: canonical_json(key_of(sheet, run))}
    for reader in range(1, options.readers + 1):
        files[f"reader-{reader}.html"] = sheet_html(sheet, reader)
        files[f"reader-{reader}.csv"] = sheet_csv(sheet, reader)
    for name, text in files.items():
        _write(options.out / name, text)
        print(options.out / name)
    print(f"{KEY_FILE} names the cases: keep it from the readers", file=sys.stderr)
    return 0


def judge_ratings(options: argparse.Namespace) -> int:
    """Print how readers agree, and how metrics agree with them; return 0.

    Raises ``DataProblem`` for a file that is not of the sheet, ``UsageProblem`` for another run.
    """
    key, run = read_key(options.key), load_run(options.run_path)
    if run.run_id != key.run_id:
        raise UsageProblem(
            f"{options.key} is of the run {key.run_id[:8]}, not of {run.run_id[:8]} "
            f"({options.run_path})"
        )
    readers = [read_ratings(path, key) for path in options.files]
    names = [reader.name for reader in readers]
    if len(set(names)) < len(names):
        raise UsageProblem("two files have the same reader: each reader needs a name of their own")
    pairs, metrics = agreements(readers), _metrics(run, readers, key)
    if options.json:
        plain = {"schema": SCHEMA, "agreement": pairs, "metrics": metrics}
        sys.stdout.write(canonical_json(plain))
    else:
        print_lines(_lines(readers, pairs, metrics, screen_of(sys.stdout)))
    return 0


def _metrics(run: RunData, readers: Sequence[Reader], key: RatingKey) -> list[MetricAgreement]:
    from pytest_pet2rep.run.estimands import known_metrics

    scoring = scoring_of(run)
    text = [metric for metrics in scoring.metrics.values() for metric in metrics]
    known = known_metrics(text)
    better = {name: metric.higher_is_better for name, metric in known.items()}
    return metric_agreements(readers, key, case_values(run), better)


def _lines(
    readers: Sequence[Reader],
    pairs: Sequence[Agreement],
    metrics: Sequence[MetricAgreement],
    screen: Screen,
) -> Iterator[str]:
    for reader in readers:
        left = f", {reader.unrated} not rated" if reader.unrated else ""
        yield screen.line(f"{reader.name}: {len(reader.ratings)} reports rated{left}")
    yield ""
    if pairs:
        yield screen.line("agreement of readers", Tone.STRONG)
        yield from screen.table(agreement_table(pairs))
    yield screen.line("metrics against the mean of the readers, closest first", Tone.STRONG)
    yield from screen.table(metric_table(metrics))
    yield screen.line("positive: what the metric calls better, the readers do too")


def agreement_table(pairs: Sequence[Agreement]) -> Table:
    """One row for each pair of readers."""
    return Table(
        columns=(
            Column(title="readers", shrink_to=12),
            Column(title="same score", align=RIGHT),
            Column(title="weighted kappa", align=RIGHT),
            Column(title="95 %", align=RIGHT),
            Column(title="", shrink_to=12, optional=True),
        ),
        rows=tuple(
            (
                " and ".join(pair.readers),
                share(pair.equal, pair.n),
                _number(pair.kappa),
                _limits(pair.low, pair.high) + ("" if pair.reliable else " ?"),
                pair.reason,
            )
            for pair in pairs
        ),
    )


def metric_table(metrics: Sequence[MetricAgreement]) -> Table:
    """One row for each metric."""
    return Table(
        columns=(
            Column(title="metric", shrink_to=14),
            Column(title="n", align=RIGHT),
            Column(title="Spearman", align=RIGHT),
            Column(title="95 %", align=RIGHT),
            Column(title="Kendall", align=RIGHT),
            Column(title="95 %", align=RIGHT, optional=True),
            Column(title="with errors", align=RIGHT, optional=True),
        ),
        rows=tuple(
            (
                found.metric,
                str(found.n),
                *_both(found.spearman),
                *_both(found.kendall),
                _number(found.errors.value),
            )
            for found in metrics
        ),
    )


def _both(found: Correlation) -> tuple[str, str]:
    return _number(found.value), _limits(found.low, found.high)


def _number(value: float | None) -> str:
    return UNSCORED if value is None else f"{value:.2f}"


def _limits(low: float | None, high: float | None) -> str:
    return UNSCORED if low is None or high is None else f"{low:.2f} to {high:.2f}"


def _write(path: Path, text: str) -> None:
    from pytest_pet2rep.store.private_files import write_privately

    try:
        write_privately(path, text.encode("utf-8"))
    except OSError as why:
        raise StoreError(f"{path} cannot be written: {why.strerror or why}") from why
