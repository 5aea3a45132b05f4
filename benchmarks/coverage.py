"""How well intervals cover and gates decide, by simulation with a known truth.

    python benchmarks/coverage.py [--sims 4000] [--jobs 2] [--out benchmarks]

Writes ``coverage.csv`` (every interval, by cell and method) and ``coverage_gates.csv`` (type-I
error at the margin, planned and simulated power, A/A pairs).  The limits are made by the functions
that the product uses; in every batch one run is checked against ``interval`` itself.  Finished
cells are kept in ``coverage.jsonl`` beside the tables: a stopped study goes on where it was.

The exit status is 1 if a goal is missed: 93 to 97 % for a nominal 95 % wherever each class has at
least 30 expected events, a type-I error of at most 6 %, power within 3 points of the plan, A/A
failures within Monte-Carlo error of 5 % or below.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from itertools import product
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

sys.path.insert(0, str(Path(__file__).parent))

from coverage_limits import BATCH, RESAMPLES, SEED, Batch, Limits, Numbers, batches
from coverage_worlds import (
    BLEU4,
    CE_F1,
    CE_RECALL,
    World,
    class_sums,
    hit_sums,
    organ_runs,
    recall_sums,
    text_runs,
    text_truth,
    truth_of,
)

from pytest_pet2rep.metrics.intervals_limits import jackknife_error
from pytest_pet2rep.metrics.intervals_power import Spread, detectable, power_at
from pytest_pet2rep.metrics.resampling import Statistic, interval
from pytest_pet2rep.metrics.resampling_values import ratio

CASES, PREVALENCES, RHOS = (80, 565), (0.02, 0.1, 0.3), (0.0, 0.2, 0.5)
METHODS = {False: ("auto", "plain_percentile", "bca", "student"), True: ("auto", "student")}
"""Of scores that are resampled, and of rates, which need not be."""
WORSE = 0.05
"""By how much the second run of a pair finds less: the margin of the non-inferiority gate."""
QUALITIES = (0.6, 0.585, 0.6)
GOAL, FEWEST_EVENTS = (0.93, 0.97), 30
MOST_TYPE_ONE, MOST_POWER_OFF = 0.06, 0.03
Value = Callable[[Numbers], Numbers]


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One score: the columns that it takes of runs side by side, and its value of them."""

    name: str
    part: Value
    value: Value
    rate: bool = False
    equal: bool = False
    """A difference of two runs of equal chances; else the second one is worse by the margin."""


def _run(number: int, width: int, part: Value = np.asarray) -> Value:
    return lambda sums: part(sums[..., number * width : (number + 1) * width])


def _paired(name: str, number: int, width: int, value: Value, part: Value = np.asarray) -> Measure:
    """The difference of run 0 and run ``number``."""
    first, other = _run(0, width, part), _run(number, width, part)
    return Measure(
        name=name,
        part=lambda sums: np.stack([first(sums), other(sums)], axis=-2),
        value=lambda pair: value(pair[..., 0, :]) - value(pair[..., 1, :]),
        equal=number == 2,
    )


ORGAN_MEASURES = (
    Measure(name="hit_rate", part=_run(0, 10, hit_sums), value=ratio, rate=True),
    Measure(name="recall", part=_run(0, 10, recall_sums), value=ratio, rate=True),
    Measure(name="ce_recall", part=_run(0, 10, class_sums), value=CE_RECALL),
    Measure(name="ce_f1", part=_run(0, 10, class_sums), value=CE_F1),
    _paired("recall difference", 1, 10, ratio, recall_sums),
    _paired("ce_f1 difference", 1, 10, CE_F1, class_sums),
    _paired("recall A/A", 2, 10, ratio, recall_sums),
    _paired("ce_f1 A/A", 2, 10, CE_F1, class_sums),
)
TEXT_MEASURES = (
    Measure(name="bleu4", part=_run(0, 10), value=BLEU4),
    _paired("bleu4 difference", 1, 10, BLEU4),
    _paired("bleu4 A/A", 2, 10, BLEU4),
)


@dataclass
class Tally:
    """How often limits missed the truth, on either side."""

    sims: int = 0
    reliable: int = 0
    reliable_covered: int = 0
    below: int = 0
    above: int = 0
    gate_below: int = 0
    gate_above: int = 0
    width: float = 0.0

    def add(
        self, limits: Limits, method: str, truth: float, reliable: npt.NDArray[np.bool_]
    ) -> None:
        low, high = (limits.limit(method, 0.025, upper=upper) for upper in (False, True))
        lower, upper_ = (limits.limit(method, 0.05, upper=upper) for upper in (False, True))
        self.sims += len(low)
        self.reliable += int(reliable.sum())
        self.reliable_covered += int((reliable & (low <= truth) & (truth <= high)).sum())
        self.below += int((high < truth).sum())
        self.above += int((low > truth).sum())
        self.gate_below += int((upper_ < truth).sum())
        self.gate_above += int((lower > truth).sum())
        self.width += float((high - low).sum())

    def row(self) -> dict[str, Any]:
        coverage = 1 - (self.below + self.above) / self.sims
        return {
            "coverage": round(coverage, 4),
            "reliable": round(self.reliable / self.sims, 4),
            "coverage_reliable": round(self.reliable_covered / max(self.reliable, 1), 4),
            "truth_above": round(self.below / self.sims, 4),
            "truth_below": round(self.above / self.sims, 4),
            "one_sided_lower_error": round(self.gate_above / self.sims, 4),
            "one_sided_upper_error": round(self.gate_below / self.sims, 4),
            "mean_width": round(self.width / self.sims, 5),
            "monte_carlo_error": round(math.sqrt(coverage * (1 - coverage) / self.sims), 4),
            "sims": self.sims,
        }


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One combination of cases and world; a text cell has no prevalence."""

    cases: int
    rho: float
    prevalence: float | None = None

    @property
    def world(self) -> World:
        return World(prevalence=self.prevalence or 0.0, rho=self.rho)

    @property
    def measures(self) -> tuple[Measure, ...]:
        return TEXT_MEASURES if self.prevalence is None else ORGAN_MEASURES

    @property
    def facts(self) -> dict[str, Any]:
        return {
            "cases": self.cases,
            "prevalence": "" if self.prevalence is None else self.prevalence,
            "rho": self.rho,
            "expected_events": ""
            if self.prevalence is None
            else round(self.world.expected_events(self.cases), 1),
        }

    def rng(self, seed: int, purpose: int) -> np.random.Generator:
        """A generator of its own: cells do not depend on each other."""
        parts = (seed, purpose, self.cases, self.prevalence or 0.0, self.rho)
        return np.random.default_rng([round(1000 * part) for part in parts])

    def draw(self, rng: np.random.Generator, sims: int, cases: int) -> Numbers:
        """Three runs on the same cases, side by side: as good as, worse than, and as the first."""
        if self.prevalence is None:
            runs = text_runs(rng, self.rho, sims, cases, qualities=QUALITIES)
        else:
            hit = self.world.hit
            runs = organ_runs(rng, self.world, sims, cases, hits=(hit, hit - WORSE, hit))
        return np.concatenate(runs, axis=-1)

    def reliable(self, batch: Batch) -> npt.NDArray[np.bool_]:
        """Cohorts in which every class has as many expected events as the product asks for."""
        if self.prevalence is None:
            return np.ones(len(batch.whole), dtype=bool)
        events = batch.whole[:, 0:9:3] + batch.whole[:, 2:9:3]
        return np.asarray((events >= FEWEST_EVENTS).all(axis=1))

    def truths(self) -> dict[str, float]:
        """The scores of infinitely many cases."""
        if self.prevalence is None:
            good, worse = (text_truth(self.rho, quality) for quality in QUALITIES[:2])
            return {"bleu4": good, "bleu4 difference": good - worse, "bleu4 A/A": 0.0}
        hit, world = self.world.hit, self.world
        names = ("hit_rate", "recall", "ce_recall", "ce_f1")
        found = {name: truth_of(world, hit, name) for name in names}
        for name in ("recall", "ce_f1"):
            found[f"{name} difference"] = found[name] - truth_of(world, hit - WORSE, name)
            found[f"{name} A/A"] = 0.0
        return found


def cells() -> Iterator[Cell]:
    """Every cell, small cohorts first."""
    for n in CASES:
        for prevalence, rho in product(PREVALENCES, RHOS):
            yield Cell(cases=n, prevalence=prevalence, rho=rho)
        for rho in RHOS:
            yield Cell(cases=n, rho=rho)


def study(cell: Cell, sims: int, seed: int) -> dict[str, list[dict[str, Any]]]:
    """Rows of both tables for one cell."""
    rng, truths = cell.rng(seed, 1), cell.truths()
    plans = {m.name: _planned(cell, m, seed) for m in cell.measures if m.equal}
    tallies = {(m.name, method): Tally() for m in cell.measures for method in METHODS[m.rate]}
    powers = dict.fromkeys(plans, 0)
    for size in batches(sims):
        batch = Batch(cell.draw(rng, size, cell.cases))
        reliable = cell.reliable(batch)
        for measure in cell.measures:
            limits = batch.limits(measure.part, measure.value, rate=measure.rate)
            check_against_product(batch.sums[0], measure, limits)
            for method in METHODS[measure.rate]:
                tallies[measure.name, method].add(limits, method, truths[measure.name], reliable)
            if measure.equal:
                lower = limits.limit("auto", 0.05, upper=False)
                powers[measure.name] += int((lower > -plans[measure.name][0]).sum())
    coverage = [
        {**cell.facts, "measure": name, "method": method, **tally.row()}
        for (name, method), tally in tallies.items()
    ]
    return {"coverage": coverage, "gates": _gate_rows(cell, coverage, plans, powers)}


def _gate_rows(
    cell: Cell,
    coverage: Sequence[Mapping[str, Any]],
    plans: Mapping[str, tuple[float, float]],
    powers: Mapping[str, int],
) -> list[dict[str, Any]]:
    """What the limits mean for gates: a limit beyond the truth is a wrong pass or a wrong fail."""
    auto = {row["measure"]: row for row in coverage if row["method"] == "auto"}
    rows = []
    for name, (margin, planned) in plans.items():
        metric, equal = name.removesuffix(" A/A"), auto[name]
        rows.append(
            {
                **cell.facts,
                "metric": metric,
                "type_one": auto[f"{metric} difference"]["one_sided_upper_error"],
                "margin": round(margin, 4),
                "planned_power": round(planned, 4),
                "power": round(powers[name] / equal["sims"], 4),
                "aa_passed": equal["one_sided_lower_error"],
                "aa_failed": equal["one_sided_upper_error"],
                "sims": equal["sims"],
            }
        )
    return rows


def _planned(cell: Cell, measure: Measure, seed: int) -> tuple[float, float]:
    """The margin that the plan calls detectable with 80 % power, and the power planned for it.

    From pairs of earlier runs on as many cases, whose spreads are averaged.
    """
    batch = Batch(cell.draw(cell.rng(seed, 4), BATCH, cell.cases))
    limits = batch.limits(measure.part, measure.value, rate=False)
    error, df = float(jackknife_error(limits.left_out).mean()), float(limits.df.mean())
    spread = Spread(error * math.sqrt(cell.cases), min(df / cell.cases, 1.0))
    margin = detectable(spread, cell.cases)
    return margin, power_at(spread, cell.cases, margin)


def check_against_product(sums: Numbers, measure: Measure, limits: Limits) -> None:
    """The first run of every batch must get the limits that ``interval`` gives it."""
    statistic = statistic_of(sums, measure)
    found = interval(statistic, resamples=RESAMPLES, seed=SEED)
    if found.method not in ("wilson", "percentile"):
        return
    low, high = statistic.bounds
    mine = [float(limits.limit("auto", 0.025, upper=upper)[0]) for upper in (False, True)]
    mine = [min(max(each, low), high) for each in mine]
    if not np.allclose(mine, [found.low, found.high], atol=1e-9):
        raise SystemExit(f"{measure.name}: study {mine}, product {found}")


def statistic_of(sums: Numbers, measure: Measure) -> Statistic:
    """One simulated run, or pair of runs, as the product sees it."""
    part = measure.part(sums)
    shape = part.shape[1:]
    return Statistic(
        name=measure.name,
        cases=tuple(map(str, range(len(sums)))),
        sums=part.reshape(len(sums), -1),
        value=lambda flat: measure.value(flat.reshape(*flat.shape[:-1], *shape)),
        rate=measure.rate,
        bounds=(-1.0, 1.0) if len(shape) > 1 else (0.0, 1.0),
    )


def missed_goals(
    coverage: Sequence[Mapping[str, Any]], gates: Sequence[Mapping[str, Any]]
) -> list[str]:
    """What was asked for and is not reached, one line each."""
    found = []
    for row in coverage:
        if row["method"] != "auto" or _few(row):
            continue
        if not GOAL[0] <= row["coverage"] <= GOAL[1]:
            found.append(f"coverage {row['coverage']:.3f}: {_where(row)} {row['measure']}")
    for row in gates:
        if _few(row):
            continue
        # Three standard errors: some two dozen gates are looked at.
        noise = 3 * math.sqrt(0.05 * 0.95 / row["sims"])
        where = f"{_where(row)} {row['metric']}"
        if row["type_one"] > MOST_TYPE_ONE:
            found.append(f"type-I error {row['type_one']:.3f}: {where}")
        if abs(row["power"] - row["planned_power"]) > MOST_POWER_OFF:
            found.append(f"power {row['power']:.3f}: {where}")
        if row["aa_failed"] > 0.05 + noise:
            found.append(f"A/A fails {row['aa_failed']:.3f}: {where}")
    return found


def _few(row: Mapping[str, Any]) -> bool:
    return row["expected_events"] != "" and row["expected_events"] < FEWEST_EVENTS


def _where(row: Mapping[str, Any]) -> str:
    return f"{row['cases']} cases, prevalence {row['prevalence'] or '-'}, rho {row['rho']},"


def write(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sims", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=20261124)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    options = parser.parse_args()
    kept = options.out / "coverage.jsonl"
    done = {}
    if kept.exists():
        for line in kept.read_text(encoding="utf-8").splitlines():
            entry = json.loads(line)
            if entry["asked"] == [options.sims, options.seed]:
                done[entry["cell"]] = entry
    with (
        ProcessPoolExecutor(options.jobs, mp_context=get_context("spawn")) as pool,
        kept.open("a", encoding="utf-8") as file,
    ):
        left = [cell for cell in cells() if repr(cell) not in done]
        jobs = {pool.submit(study, cell, options.sims, options.seed): cell for cell in left}
        for job in as_completed(jobs):
            cell = repr(jobs[job])
            done[cell] = {"asked": [options.sims, options.seed], "cell": cell, **job.result()}
            print(json.dumps(done[cell]), file=file, flush=True)
    rows = {
        table: [row for cell in cells() for row in done[repr(cell)][table]]
        for table in ("coverage", "gates")
    }
    write(rows["coverage"], options.out / "coverage.csv")
    write(rows["gates"], options.out / "coverage_gates.csv")
    goals = missed_goals(rows["coverage"], rows["gates"])
    print("\n".join(goals) or "every goal is met")
    return 1 if goals else 0


if __name__ == "__main__":
    sys.exit(main())
