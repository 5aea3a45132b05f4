"""How long the intervals of every score of a run take.

    python benchmarks/resampling.py [--cases 565] [--resamples 2000]

Records of as many cases as asked for are made by repeating the shipped cohort under
``baseline/template``.  Prints process seconds of making the sums, of resampling them for all
scores together, and of one paired difference; the exit status is 1 if resampling takes 2 s or more.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

GOAL_SECONDS = 2.0


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    start = time.process_time()
    found = work()
    return time.process_time() - start, found


def main() -> int:
    from pytest_pet2rep.cohorts.cohort import find_cohort
    from pytest_pet2rep.findings.reader import EXTRACTOR
    from pytest_pet2rep.metrics.resampling import intervals, paired_difference
    from pytest_pet2rep.run.estimands import Estimands, headline_intervals, known_metrics
    from pytest_pet2rep.run.items import text_record, uptake_record
    from pytest_pet2rep.run.runtime import Runtime
    from pytest_pet2rep.run.scoreboard import Scoring
    from pytest_pet2rep.run.settings import RunSettings
    from pytest_pet2rep.types import Language

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=565)
    parser.add_argument("--resamples", type=int, default=2000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        settings = RunSettings(model="baseline/template", store=Path(folder), metrics=("full",))
        runtime = Runtime(settings, find_cohort(None), "0" * 32)
        metrics = runtime.metrics_for(Language.ZH)
        shipped = []
        for case in runtime.cases():
            assessed = runtime.assess(case)
            organs = [o.id for o in runtime.profile.organs]
            uptake = [uptake_record(assessed, o, runtime.profile, settings) for o in organs]
            shipped.append([text_record(assessed, settings, metrics), *uptake])
    records = [
        replace(record, case=f"C{number:05d}")
        for number in range(options.cases)
        for record in shipped[number % len(shipped)]
    ]
    scoring = Scoring(
        profile=runtime.profile,
        section=settings.section,
        extractor=EXTRACTOR,
        metrics={Language.ZH: metrics},
    )
    names = known_metrics(metrics)
    made = Estimands(records, scoring)
    summing, statistics = timed(lambda: [made.of(name) for name in names])
    resampling, _ = timed(lambda: intervals(statistics, resamples=options.resamples))
    one = next(s for s in statistics if s.name == "ce_f1")
    pairing, _ = timed(lambda: paired_difference(one, one.over(one.cases[::-1])))
    everything, _ = timed(lambda: headline_intervals(records, scoring))
    print(f"{options.cases} cases, {len(names)} scores, {options.resamples} resamples:")
    print(f"  sums of all scores        {summing:.2f} s")
    print(f"  intervals of all scores   {resampling:.2f} s")
    print(f"  headline_intervals        {everything:.2f} s (both)")
    print(f"  one paired difference     {pairing:.2f} s")
    return int(resampling >= GOAL_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
