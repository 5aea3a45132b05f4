"""Options of the commands that show, pass on and rate stored results.

Cheap on purpose: ``pet2rep --help`` imports it, and what a command does only when it is called.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[Any]


def add_result_commands(commands: Commands) -> None:
    """Add these commands to the ones of ``pet2rep``."""
    _add_show(commands.add_parser("show", help="a stored run, or one case of it, in the terminal"))
    _add_export(commands.add_parser("export", help="a stored run as tables, Markdown or JUnit"))
    _add_leaderboard(commands.add_parser("leaderboard", help="models side by side, with ties"))


def _add_show(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Show a stored run: gates, organs, scores, worst cases; or one case with both texts."
    )
    parser.epilog = "example: pet2rep show runs/new PET-0001"
    parser.add_argument("run_path", type=Path, metavar="RUN", help="run folder or baseline file")
    parser.add_argument("case", nargs="?", default="", metavar="CASE", help="id, or its beginning")
    parser.add_argument("--all", action="store_true", help="every score and every case")
    parser.set_defaults(run=_show)


def _add_export(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Write a stored run for others: csv and parquet write items, scores and cases into a "
        "folder; markdown is one page, junit holds the gates (to a file, or standard output)."
    )
    parser.epilog = "example: pet2rep export runs/new --to csv -o tables"
    parser.add_argument("run_path", type=Path, metavar="RUN", help="run folder or baseline file")
    formats = ("csv", "parquet", "markdown", "junit")
    parser.add_argument("--to", choices=formats, required=True)
    parser.add_argument("-o", "--out", type=Path, metavar="DIR|FILE")
    parser.set_defaults(run=_export)


def _add_leaderboard(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Rank stored runs of the same cases: with intervals, floors and ties. Runs that cannot be "
        "compared are refused (exit 4)."
    )
    parser.epilog = "example: pet2rep leaderboard runs/* --metric ce_f1 --html board.html"
    parser.add_argument("run_paths", type=Path, nargs="+", metavar="RUN")
    parser.add_argument("--metric", default="overall", help="that ranks; default: overall")
    parser.add_argument("--published", action="store_true", help="add the paper's rows, unranked")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write a page too")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.add_argument("--allow-difference", action="append", default=[], metavar="NAME")
    parser.set_defaults(run=_leaderboard)


def _show(parsed: argparse.Namespace) -> int:
    from pytest_pet2rep.run.show_command import show_stored

    return show_stored(parsed)


def _export(parsed: argparse.Namespace) -> int:
    from pytest_pet2rep.run.export_command import export_stored

    return export_stored(parsed)


def _leaderboard(parsed: argparse.Namespace) -> int:
    from pytest_pet2rep.run.leaderboard_command import rank_stored

    return rank_stored(parsed)
