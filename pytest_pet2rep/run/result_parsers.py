"""Options of the commands that show, pass on and rate stored results.

Cheap on purpose: ``pet2rep --help`` imports it, and what a command does only when it is called.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_pet2rep.run.command_line import add_allowed

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[Any]


def add_result_commands(commands: Commands) -> None:
    """Add these commands to the ones of ``pet2rep``."""
    _add_show(commands.add_parser("show", help="a stored run, or one case of it, in the terminal"))
    _add_export(commands.add_parser("export", help="a stored run as tables, Markdown or JUnit"))
    _add_leaderboard(commands.add_parser("leaderboard", help="models side by side, with ties"))
    _add_rate(commands.add_parser("rate", help="rating sheets of a run, blinded, for readers"))
    _add_ratings(commands.add_parser("ratings", help="how readers, and metrics with them, agree"))


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
    add_allowed(parser)
    parser.set_defaults(run=_leaderboard)


def _add_rate(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Draw reports of a run and write a sheet for each reader, as a page that saves JSON and as "
        "CSV, without case, model and scores; and the key, which the readers must not see."
    )
    parser.epilog = "example: pet2rep rate runs/new --sample 30 -o rating"
    parser.add_argument("run_path", type=Path, metavar="RUN", help="run folder")
    parser.add_argument("--sample", type=int, default=30, metavar="N", help="reports; default: 30")
    parser.add_argument("--seed", type=int, default=0, help="of the draw; default: 0")
    parser.add_argument(
        "--readers",
        type=int,
        default=2,
        choices=range(1, 10),
        metavar="N",
        help="sheets; default: 2",
    )
    parser.add_argument("-o", "--out", type=Path, required=True, metavar="DIR")
    parser.set_defaults(run=_rate)


def _add_ratings(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Print the agreement of readers (weighted kappa) and the rank correlation of every metric "
        "with them, with 95 % intervals."
    )
    parser.epilog = "example: pet2rep ratings rating-*.json --key rating/key.json --run runs/new"
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE", help=".json or .csv")
    parser.add_argument("--key", type=Path, required=True, metavar="FILE", help="key.json")
    parser.add_argument(
        "--run",
        dest="run_path",
        type=Path,
        required=True,
        metavar="RUN",
        help="that the sheets are of",
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.set_defaults(run=_ratings)


def _show(parsed: argparse.Namespace) -> int:
    from pytest_pet2rep.run.show.command import show_stored

    return show_stored(parsed)


def _export(parsed: argparse.Namespace) -> int:
    from pytest_pet2rep.run.export_command import export_stored

    return export_stored(parsed)


def _leaderboard(parsed: argparse.Namespace) -> int:
    from pytest_pet2rep.run.leaderboard.command import rank_stored

    return rank_stored(parsed)


def _rate(parsed: argparse.Namespace) -> int:
    from pytest_pet2rep.run.rating.command import write_sheets

    return write_sheets(parsed)


def _ratings(parsed: argparse.Namespace) -> int:
    from pytest_pet2rep.run.rating.command import judge_ratings

    return judge_ratings(parsed)
