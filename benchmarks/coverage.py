"""How well intervals cover and gates decide, by simulation with a known truth.

    python benchmarks/coverage.py [--sims 4000] [--out benchmarks] [--quick]

Writes ``coverage.csv`` (every interval, by cell and method) and ``coverage_gates.csv`` (type-I
error at the margin, planned and simulated power, A/A pairs).  The limits are made by the functions
that the product uses; a part of the runs is checked against ``interval`` and
``paired_difference`` themselves.  The exit status is 1 if a goal is missed: 93 to 97 % for a
nominal 95 % wherever each class has at least 30 expected events, a type-I error of at most 6 %,
power within 3 points of the plan, A/A failures within Monte-Carlo error of 5 % or below.
"""

from __future__ import annotations

import argparse
import csv
import math
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import product
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from coverage_limits import RESAMPLES, SEED, Limits, Numbers, batches
from coverage_worlds import (
    BLEU4,
    CE_F1,
    CE_RECALL,
    World,
    hit_sums,
    organ_runs,
    recall_sums,
    text_runs,
    truth_of,
)

from pytest_pet2rep.metrics.intervals_power import case_spread, detectable, power_at
from pytest_pet2rep.metrics.resampling import Statistic, interval
from pytest_pet2rep.metrics.resampling_values import ratio

CASES, PREVALENCES, RHOS = (80, 565), (0.02, 0.1, 0.3), (0.0, 0.2, 0.5)
METHODS = {False: ("auto", "plain_percentile", "bca", "student"), True: ("auto", "student")}
"""Of scores that are resampled, and of rates, which need not be."""
PILOT_CASES, TEXT_TRUTH_CASES = 40_000, 400_000
WORSE = 0.05
"""By how much the second run of a pair finds less: the margin of the non-inferiority gate."""
GOAL, FEWEST_EVENTS = (0.93, 0.97), 30
MOST_TYPE_ONE, MOST_POWER_OFF = 0.06, 0.03


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One score: how it is made from the sums of one run or of a pair of runs."""

    name: str
    sums: Callable[[Sequence[Numbers]], Numbers]
    value: Callable[[Numbers], Numbers]
    rate: bool = False
    paired: bool = False


def _difference(value: Callable[[Numbers], Numbers], width: int) -> Callable[[Numbers], Numbers]:
    return lambda sums: value(sums[..., :width]) - value(sums[..., width:])


def _pair(part: Callable[[Numbers], Numbers] = np.asarray) -> Callable[..., Numbers]:
    return lambda runs: np.concatenate([part(runs[0]), part(runs[1])], axis=-1)


ORGAN_MEASURES = (
    Measure(name="hit_rate", sums=lambda r: hit_sums(r[0]), value=ratio, rate=True),
    Measure(name="recall", sums=lambda r: recall_sums(r[0]), value=ratio, rate=True),
    Measure(name="ce_recall", sums=lambda r: r[0], value=CE_RECALL),
    Measure(name="ce_f1", sums=lambda r: r[0], value=CE_F1),
    Measure(
        name="recall difference", sums=_pair(recall_sums), value=_difference(ratio, 2), paired=True
    ),
    Measure(name="ce_f1 difference", sums=_pair(), value=_difference(CE_F1, 9), paired=True),
)
TEXT_MEASURES = (
    Measure(name="bleu4", sums=lambda r: r[0], value=BLEU4),
    Measure(name="bleu4 difference", sums=_pair(), value=_difference(BLEU4, 10), paired=True),
)


@dataclass
class Tally:
    """How often limits missed the truth, on either side."""

    sims: int = 0
    below: int = 0
    above: int = 0
    gate_below: int = 0
    gate_above: int = 0
    width: float = 0.0

    def add(self, limits: Limits, method: str, truth: float) -> None:
        low, high = (limits.limit(method, 0.025, upper=upper) for upper in (False, True))
        lower, upper_ = (limits.limit(method, 0.05, upper=upper) for upper in (False, True))
        self.sims += len(low)
        self.below += int((high < truth).sum())
        self.above += int((low > truth).sum())
        self.gate_below += int((upper_ < truth).sum())
        self.gate_above += int((lower > truth).sum())
        self.width += float((high - low).sum())

    def row(self) -> dict[str, Any]:
        coverage = 1 - (self.below + self.above) / self.sims
        return {
            "coverage": round(coverage, 4),
            "truth_above": round(self.below / self.sims, 4),
            "truth_below": round(self.above / self.sims, 4),
            "one_sided_lower_error": round(self.gate_above / self.sims, 4),
            "one_sided_upper_error": round(self.gate_below / self.sims, 4),
            "mean_width": round(self.width / self.sims, 5),
            "monte_carlo_error": round(math.sqrt(coverage * (1 - coverage) / self.sims), 4),
            "sims": self.sims,
        }


def _rng(*cell: float) -> np.random.Generator:
    """A generator of its own for every cell: cells do not depend on each other."""
    return np.random.default_rng([round(1000 * part) for part in cell])


def cover(
    sims: int,
    cell: Mapping[str, Any],
    measures: Sequence[Measure],
    draw: Callable[[int], Sequence[Numbers]],
    truths: Mapping[str, float],
) -> list[dict[str, Any]]:
    """Rows of the coverage table for one cell."""
    tallies = {(m.name, method): Tally() for m in measures for method in METHODS[m.rate]}
    for size in batches(sims):
        runs = draw(size)
        for measure in measures:
            sums = measure.sums(runs)
            kept = sums[np.isfinite(measure.value(sums.sum(axis=1)))]
            limits = Limits(kept, measure.value, rate=measure.rate, resampled=not measure.rate)
            check_against_product(kept[0], measure, limits)
            for method in METHODS[measure.rate]:
                tallies[measure.name, method].add(limits, method, truths[measure.name])
    return [
        {**cell, "measure": name, "method": method, **tally.row()}
        for (name, method), tally in tallies.items()
    ]


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
    """One simulated run as the product sees it."""
    return Statistic(
        name=measure.name,
        cases=tuple(map(str, range(len(sums)))),
        sums=sums,
        value=measure.value,
        rate=measure.rate,
        bounds=(-1.0, 1.0) if measure.paired else (0.0, 1.0),
    )


def cells() -> Iterator[tuple[int, World]]:
    """Every cell of the organ tables."""
    for n, prevalence, rho in product(CASES, PREVALENCES, RHOS):
        yield n, World(prevalence=prevalence, rho=rho)


def _organ_cell(n: int, world: World) -> dict[str, Any]:
    return {
        "cases": n,
        "prevalence": world.prevalence,
        "rho": world.rho,
        "expected_events": round(world.expected_events(n), 1),
    }


def organ_coverage(sims: int, seed: int, n: int, world: World) -> list[dict[str, Any]]:
    """Intervals of rates, clinical efficacy and their paired differences in one cell."""
    rng = _rng(seed, 1, n, world.prevalence, world.rho)
    hits = (world.hit, world.hit - WORSE)
    names = ("hit_rate", "recall", "ce_recall", "ce_f1")
    truths = {name: truth_of(world, hits[0], name) for name in names}
    for name in ("recall", "ce_f1"):
        truths[f"{name} difference"] = truths[name] - truth_of(world, hits[1], name)
    return cover(
        sims,
        _organ_cell(n, world),
        ORGAN_MEASURES,
        lambda size: organ_runs(rng, world, size, n, hits=hits),
        truths,
    )


def text_coverage(sims: int, seed: int, n: int, rho: float) -> list[dict[str, Any]]:
    """Intervals of BLEU-4 and of a paired difference in one cell."""
    qualities = (0.6, 0.585)
    rng, pilot_rng = _rng(seed, 2, n, rho), _rng(seed, 3, rho)
    sums = np.zeros((2, 10))
    for _ in range(TEXT_TRUTH_CASES // PILOT_CASES):
        runs = text_runs(pilot_rng, rho, 1, PILOT_CASES, qualities=qualities)
        sums += [run.sum(axis=(0, 1)) for run in runs]
    first, second = (float(BLEU4(each)) for each in sums)
    return cover(
        sims,
        {"cases": n, "prevalence": "", "rho": rho, "expected_events": ""},
        TEXT_MEASURES,
        lambda size: text_runs(rng, rho, size, n, qualities=qualities),
        {"bleu4": first, "bleu4 difference": first - second},
    )


GATED = tuple(measure for measure in ORGAN_MEASURES if measure.paired)


def gates(sims: int, seed: int, n: int, world: World) -> list[dict[str, Any]]:
    """Power as planned, and A/A pairs, of paired gates in one cell.

    Two runs of equal chances: a gate with the margin that the plan calls detectable with 80 % power
    passes that often; one without a margin fails and passes at the nominal 5 % each.
    """
    rng = _rng(seed, 4, n, world.prevalence, world.rho)
    hits = (world.hit, world.hit)
    pilot = organ_runs(rng, world, 1, PILOT_CASES, hits=hits)
    spreads = [case_spread(statistic_of(m.sums(pilot)[0], m)) for m in GATED]
    margins = [detectable(spread, n) for spread in spreads]
    counts = [dict.fromkeys(("power", "aa_passed", "aa_failed"), 0) for _ in GATED]
    for size in batches(sims):
        runs = organ_runs(rng, world, size, n, hits=hits)
        for measure, margin, count in zip(GATED, margins, counts, strict=True):
            sums = measure.sums(runs)
            kept = sums[np.isfinite(measure.value(sums.sum(axis=1)))]
            limits = Limits(kept, measure.value, rate=False)
            lower, upper = (limits.limit("auto", 0.05, upper=side) for side in (False, True))
            count["power"] += int((lower > -margin).sum())
            count["aa_passed"] += int((lower > 0).sum())
            count["aa_failed"] += int((upper < 0).sum())
    return [
        {
            **_organ_cell(n, world),
            "metric": measure.name.removesuffix(" difference"),
            "margin": round(margin, 4),
            "planned_power": round(power_at(spread, n, margin), 4),
            **{name: round(found / sims, 4) for name, found in count.items()},
            "sims": sims,
        }
        for measure, margin, spread, count in zip(GATED, margins, spreads, counts, strict=True)
    ]


def missed_goals(
    coverage: Sequence[Mapping[str, Any]], gated: Sequence[Mapping[str, Any]]
) -> list[str]:
    """What was asked for and is not reached, one line each."""
    found = []
    for row in coverage:
        few = row["expected_events"] != "" and row["expected_events"] < FEWEST_EVENTS
        if few or row["method"] != "auto":
            continue
        where = f"{_cell(row)} {row['measure']}"
        if not GOAL[0] <= row["coverage"] <= GOAL[1]:
            found.append(f"coverage {row['coverage']:.3f}: {where}")
        # The second run is worse by exactly the margin: passing it is the type-I error.
        if row["measure"].endswith("difference") and row["one_sided_upper_error"] > MOST_TYPE_ONE:
            found.append(f"type-I error {row['one_sided_upper_error']:.3f}: {where}")
    for row in gated:
        noise = 2 * math.sqrt(0.05 * 0.95 / row["sims"])
        where = f"{_cell(row)} {row['metric']}"
        if abs(row["power"] - row["planned_power"]) > MOST_POWER_OFF:
            found.append(f"power {row['power']:.3f}: {where}")
        if row["aa_failed"] > 0.05 + noise:
            found.append(f"A/A fails {row['aa_failed']:.3f}: {where}")
    return found


def _cell(row: Mapping[str, Any]) -> str:
    return f"{row['cases']} cases, prevalence {row['prevalence']}, rho {row['rho']},"


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
    common = (options.sims, options.seed)
    with ProcessPoolExecutor(options.jobs, mp_context=get_context("spawn")) as pool:
        organs = [pool.submit(organ_coverage, *common, n, world) for n, world in cells()]
        texts = [pool.submit(text_coverage, *common, *cell) for cell in product(CASES, RHOS)]
        planned = [pool.submit(gates, *common, n, world) for n, world in cells()]
        coverage = [row for job in (*organs, *texts) for row in job.result()]
        write(coverage, options.out / "coverage.csv")
        gated = [row for job in planned for row in job.result()]
        write(gated, options.out / "coverage_gates.csv")
    goals = missed_goals(coverage, gated)
    print("\n".join(goals) or "every goal is met")
    return 1 if goals else 0


if __name__ == "__main__":
    sys.exit(main())
