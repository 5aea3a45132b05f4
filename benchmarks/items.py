"""Scoring off stored outputs as pytest items, beside as many plain parametrized items.

Run: python benchmarks/items.py [CASES].  Makes a cohort of CASES text-only cases (from the shipped
reports) and a file of outputs in a temporary folder, then runs, in turn,

- plain parametrized items, as many as the benchmark has;
- the same with a session fixture;
- ``pytest --pet2rep-model=replay/...`` on the cohort;
- ``pet2rep score`` on the same pairs (no pytest).

Prints wall seconds, milliseconds per item and the difference to plain items.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ITEMS_PER_CASE = 31
PLAIN = """
import pytest

@pytest.fixture(scope="session")
def shared():
    return object()

@pytest.mark.parametrize("item", range({items}))
def test_plain(item{fixture}):
    pass
"""


def timed(arguments: list[str], folder: Path) -> float:
    start = time.perf_counter()
    done = subprocess.run(arguments, cwd=folder, capture_output=True, text=True)
    seconds = time.perf_counter() - start
    if done.returncode not in (0, 1):
        raise SystemExit(done.stdout[-2000:] + done.stderr[-2000:])
    return seconds


def make_cohort(folder: Path, cases: int) -> None:
    from pytest_pet2rep.cohorts.cohort import find_cohort

    reports = [
        path.with_name("report.zh.txt").read_text(encoding="utf-8")
        for path in find_cohort(None).case_files
    ]
    with (folder / "pairs.jsonl").open("w", encoding="utf-8") as pairs:
        for number in range(cases):
            line = {
                "id": f"C{number:05d}",
                "reference": reports[number % len(reports)],
                "prediction": reports[(number + 7) % len(reports)],
            }
            pairs.write(json.dumps(line, ensure_ascii=False) + "\n")
    subprocess.run(
        ["pet2rep", "import", "pairs", "pairs.jsonl", "cohort"],
        cwd=folder, check=True, capture_output=True,
    )  # fmt: skip


def main(cases: int) -> None:
    items = cases * ITEMS_PER_CASE
    pytest_command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    pytest_command += ["-p", "no:hypothesispytest", "-p", "no:xdist"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_cohort(folder, cases)
        (folder / "test_plain.py").write_text(PLAIN.format(items=items, fixture=""))
        (folder / "test_fixture.py").write_text(PLAIN.format(items=items, fixture=", shared"))
        benchmark = [
            "--pet2rep-model=replay/cohort/outputs.jsonl",
            "--pet2rep-cases=cohort",
            "--pet2rep-expectations=report",
        ]
        runs = {
            "plain parametrized items": [*pytest_command, "test_plain.py"],
            "  with a session fixture": [*pytest_command, "test_fixture.py"],
            "pytest --pet2rep-model=replay/": [*pytest_command, *benchmark],
            "pet2rep score (no pytest)": ["pet2rep", "score", "pairs.jsonl", "--json"],
        }
        print(f"{cases} cases, {items} items")
        plain = 0.0
        for label, arguments in runs.items():
            seconds = timed(arguments, folder)
            plain = plain or seconds
            extra = (seconds - plain) / items * 1000
            print(f"{label:32} {seconds:7.2f} s {seconds / items * 1000:7.3f} ms/item {extra:+.3f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 565)
