"""What an unused plugin costs: import time after ``import pytest``, beside other plugins.

Run: python benchmarks/startup.py [REPEATS].  Prints milliseconds (median over processes) and the
modules that each import adds.  Interleaved, so that a busy machine is busy for all.
"""

from __future__ import annotations

import statistics
import subprocess
import sys

PLUGINS = ("pytest_pet2rep.plugin", "xdist.plugin", "numpy")
SCRIPT = """
import sys, time, pytest
before = set(sys.modules)
start = time.perf_counter()
import {name}
print((time.perf_counter() - start) * 1000, len(set(sys.modules) - before))
"""


def main(repeats: int) -> None:
    found: dict[str, list[tuple[float, int]]] = {name: [] for name in PLUGINS}
    for _ in range(repeats):
        for name in PLUGINS:
            done = subprocess.run(
                [sys.executable, "-c", SCRIPT.format(name=name)], capture_output=True, text=True
            )
            if done.returncode == 0:
                milliseconds, modules = done.stdout.split()
                found[name].append((float(milliseconds), int(modules)))
    for name, runs in found.items():
        if runs:
            times = [milliseconds for milliseconds, _ in runs]
            print(f"{name:24} {statistics.median(times):8.2f} ms  {runs[0][1]:4} modules")
        else:
            print(f"{name:24} not installed")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 9)
