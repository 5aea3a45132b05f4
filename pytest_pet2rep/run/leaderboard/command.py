"""``pet2rep leaderboard RUNS...``: models side by side, as a table and as a page."""

from __future__ import annotations

import argparse
import sys

from pytest_pet2rep.errors import StoreError
from pytest_pet2rep.render.json_text import canonical_json
from pytest_pet2rep.render.screen import screen_of
from pytest_pet2rep.run.comparability import checked_names
from pytest_pet2rep.run.leaderboard import leaderboards
from pytest_pet2rep.run.leaderboard.table import NOTES, PUBLISHED_NOTE, board_lines
from pytest_pet2rep.run.runfiles import load_run
from pytest_pet2rep.run.show.command import print_lines

SCHEMA = "pet2rep/leaderboard/1"


def rank_stored(options: argparse.Namespace) -> int:
    """Print the boards, or JSON; with ``--html`` write the page too.  Return 0.

    Raises ``UsageProblem`` (exit 4) for runs that are not whole or cannot be compared.
    """
    runs = [load_run(path) for path in options.run_paths]
    boards = leaderboards(
        runs,
        options.metric,
        allowed=checked_names(options.allow_difference),
        published=options.published,
    )
    if options.json:
        sys.stdout.write(canonical_json({"schema": SCHEMA, "boards": boards}))
    else:
        screen = screen_of(sys.stdout)
        for board in boards:
            print_lines(board_lines(board, screen))
        notes = [*NOTES, PUBLISHED_NOTE] if options.published else NOTES
        print_lines(map(screen.line, notes))
    if options.html is not None:
        from pytest_pet2rep.run.leaderboard.page import leaderboard_page

        try:
            options.html.parent.mkdir(parents=True, exist_ok=True)
            options.html.write_text(leaderboard_page(boards), encoding="utf-8")
        except OSError as why:
            raise StoreError(f"{options.html} cannot be written: {why.strerror or why}") from why
        print(f"page written to {options.html}", file=sys.stderr)
    return 0
