"""``pet2rep show RUN [CASE]``: a stored run, or one of its cases, in the terminal."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from typing import TextIO

from pytest_pet2rep.render.screen import screen_of
from pytest_pet2rep.run.runfiles import load_run
from pytest_pet2rep.run.show.case import case_lines
from pytest_pet2rep.run.show.run import run_lines


def show_stored(options: argparse.Namespace) -> int:
    """Print a run, or the case ``options.case`` of it; return 0.

    Raises ``DataProblem`` for a run that cannot be read, ``UnknownName`` for a case.
    """
    run, screen = load_run(options.run_path), screen_of(sys.stdout)
    if options.case:
        print_lines(case_lines(run, options.case, screen))
    else:
        print_lines(run_lines(run, screen, everything=options.all))
    return 0


def print_lines(lines: Iterable[str], stream: TextIO | None = None) -> None:
    """Print lines, whatever the encoding of ``stream``: what it lacks is shown as its escape."""
    stream = stream or sys.stdout
    encoding = stream.encoding or "utf-8"
    for line in lines:
        print(line.encode(encoding, "backslashreplace").decode(encoding), file=stream)
