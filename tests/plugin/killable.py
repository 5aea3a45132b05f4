"""Runs of forty cases that are killed in the middle, by a model that counts what it generates."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.plugin.conftest import MISSING_THE_LIVER, REFERENCE

CASES = 40
MODEL = """
import os, time

def note(word, request):
    log = os.open(os.environ["MODEL_LOG"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(log, f"{word} {request.case_id} {os.getpid()}\\n".encode())
    os.close(log)

class Model:
    needs_images = False
    sees_reference = True

    def generate(self, request):
        note("begun", request)
        time.sleep(float(os.environ["SECONDS"]))
        note("done", request)
        number = int(request.case_id[-2:])
        if number % 10 == 3:
            raise TimeoutError("too slow")
        if number % 10 == 4:
            return ""
        return os.environ["MISSING"] if number % 5 == 2 else request.reference
"""


@dataclass(kw_only=True)
class Ground:
    """A folder with a cohort of forty cases and a model that counts; one store per test."""

    root: Path
    store: Path = field(init=False)
    log: Path = field(init=False)
    seconds: float = 0.05

    def __post_init__(self) -> None:
        self.store, self.log = self.root / "store", self.root / "model.log"

    def write(self) -> None:
        """Write cohort and model."""
        for number in range(1, CASES + 1):
            folder = self.root / "cohort" / f"PET-{number:02d}"
            folder.mkdir(parents=True)
            (folder / "report.zh.txt").write_text(REFERENCE, encoding="utf-8")
            (folder / "case.toml").write_text(
                f'id = "{folder.name}"\nlanguage = "zh"\nprivate = false\n', encoding="utf-8"
            )
        (self.root / "killable_model.py").write_text(MODEL, encoding="utf-8")
        (self.root / "pytest.ini").touch()

    def command(self, *arguments: str) -> list[str]:
        """Return the command of a run over the store; few items a case, all forty cases."""
        return [
            sys.executable, "-m", "pytest", "-q", "-p", "no:hypothesispytest",
            "-p", "no:cacheprovider", "--pet2rep-model=py/killable_model:Model",
            "--pet2rep-cases=cohort", "--pet2rep-floors=none", f"--pet2rep-store={self.store}",
            "-k", "liver or text or refusal", *arguments,
        ]  # fmt: skip

    def environment(self) -> dict[str, str]:
        """Return the environment of a run."""
        return {
            **os.environ,
            "PYTHONPATH": str(self.root),
            "MODEL_LOG": str(self.log),
            "MISSING": MISSING_THE_LIVER,
            "SECONDS": str(self.seconds),
            "COLUMNS": "500",
        }

    def start(self, *arguments: str, **options: Any) -> subprocess.Popen[str]:
        """Start a run."""
        return subprocess.Popen(
            self.command(*arguments),
            cwd=self.root,
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            **options,
        )

    def run(self, *arguments: str, **options: Any) -> tuple[int, str]:
        """Run to the end; return exit code and output."""
        process = self.start(*arguments, **options)
        output, _ = process.communicate(timeout=180)
        return process.returncode, output

    def noted(self, word: str) -> list[tuple[str, int]]:
        """Return case id and process of every generation that was begun, or done."""
        if not self.log.exists():
            return []
        lines = [line.split() for line in self.log.read_text().splitlines()]
        return [(case, int(pid)) for noted, case, pid in lines if noted == word]

    def times_done(self) -> dict[str, int]:
        """Return how often the report of each case was generated."""
        return dict(Counter(case for case, _ in self.noted("done")))

    def kill_when(self, reports: int, process: Callable[[], int]) -> None:
        """Kill a process with -9 once so many reports are done, while one is being made."""
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            under_way = set(self.noted("begun")) - set(self.noted("done"))
            if len(self.noted("done")) >= reports and under_way:
                os.kill(process(), signal.SIGKILL)
                return
            time.sleep(0.005)
        raise AssertionError("the run never came that far")

    def generating(self) -> int:
        """Return the process that is generating."""
        (_, pid), *_ = sorted(set(self.noted("begun")) - set(self.noted("done")))
        return pid

    def summary(self, name: str) -> dict[str, Any]:
        """Return a summary without what may differ between equal runs."""
        summary: dict[str, Any] = json.loads((self.root / name).read_text(encoding="utf-8"))
        del summary["timing"]
        return summary


def once_each() -> dict[str, int]:
    """Return how often each report is generated if nothing is done twice."""
    return {f"PET-{number:02d}": 1 for number in range(1, CASES + 1)}


def in_a_small_file_system(command: Sequence[Sequence[str]], folder: Path, size: str) -> list[str]:
    """Return a command that runs the first on a full ``folder``, and the others when it has room.

    A file system of ``size`` is mounted there, in a name space of its own.
    """
    first, *rest = [" ".join(f"'{word}'" for word in words) for words in command]
    script = "; ".join(
        [
            f"mkdir -p {folder}",
            f"mount -t tmpfs -o size={size} none {folder} || exit 99",
            f"{first}; echo first exit $?",
            f"mount -o remount,size=64m {folder} || exit 98",
            *rest,
        ]
    )
    return ["unshare", "-rm", "sh", "-c", script]
