"""The command line ``pet2rep``: what needs no pytest."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from pytest_pet2rep import __version__
from pytest_pet2rep.errors import Pet2repError
from pytest_pet2rep.run.command_line import Parser, PrintCompletion, RootParser, add_allowed
from pytest_pet2rep.run.result_parsers import add_result_commands


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code.

    0: done; 1: done, but something was left out and is named; 4: a wrong option, name or file,
    said in one line on stderr.  ``gate`` has the exit codes of a run.
    """
    given = sys.argv[1:] if arguments is None else arguments
    parser = _parser()
    if not given:
        parser.print_help(sys.stderr)
        return 4
    try:
        parsed = parser.parse_args(given)
        code: int = parsed.run(parsed)
        sys.stdout.flush()
    except Pet2repError as why:
        print(f"pet2rep: {why}", file=sys.stderr)
        return 4
    except BrokenPipeError:
        # The reader of our output went away (``| head``): nothing is wrong on our side.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130
    return code


def _parser() -> argparse.ArgumentParser:
    parser = RootParser(prog="pet2rep", epilog="example: pet2rep score outputs.jsonl")
    parser.add_argument("--version", action="version", version=f"pytest-pet2rep {__version__}")
    parser.add_argument("--print-completion", action=PrintCompletion, help="for your shell")
    commands = parser.add_subparsers(
        title="commands", required=True, metavar="COMMAND", parser_class=Parser
    )
    _add_score(commands.add_parser("score", help="score pairs, or a stored run again"))
    _add_compare(commands.add_parser("compare", help="what changed from a baseline to a run"))
    _add_gate(commands.add_parser("gate", help="judge a stored run by gates"))
    _add_merge(commands.add_parser("merge", help="the shards of a run as one run"))
    _add_report(commands.add_parser("report", help="a run as one HTML page"))
    add_result_commands(commands)
    _add_import(commands.add_parser("import", help="turn a data set into cases"))
    _add_read(commands.add_parser("read", help="show what is read in a report, and why"))
    _add_audit(commands.add_parser("audit", help="measure how well reports are read"))
    _add_expectations(
        commands.add_parser("expectations", help="review what is extracted from references")
    )
    _add_read_agreement(
        commands.add_parser("read-agreement", help="compare our reading with a language model's")
    )
    _add_render(commands.add_parser("render", help="write what a model sees of a case as PNG"))
    _add_sheet(commands.add_parser("contact-sheet", help="one picture of many cases"))
    _add_view(commands.add_parser("view", help="a page to scroll through the volumes of a case"))
    _add_store(commands.add_parser("store", help="what models wrote: list, show, export, clear up"))
    return parser


def _add_score(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Score a file of JSON lines, {id, reference, prediction} or the output lines of the "
        "benchmark authors (subject_id, llm_output, ground_truth); or score a stored run again, "
        "with other metrics, organs or section, without its model."
    )
    parser.epilog = "example: pet2rep score outputs.jsonl --language zh --json"
    parser.add_argument("file", type=Path, metavar="FILE|RUN")
    parser.add_argument("--language", choices=("zh", "en"), help="of pairs; default: zh")
    parser.add_argument("--section", choices=("findings", "impression", "both"))
    parser.add_argument("--metrics", help="names or sets, comma separated; default: pet2rep")
    parser.add_argument(
        "--metric-arg", action="append", default=[], metavar="KEY=VALUE", help="of a metric"
    )
    parser.add_argument("--organs", help="organ list or profile .toml; default: pet2rep19")
    parser.add_argument("--clean", choices=("standard", "none"))
    parser.add_argument("-o", "--out", type=Path, metavar="DIR", help="store the rescored run")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.add_argument("--per-case", action="store_true", help="with --json: values of each pair")
    for name in ("id", "reference", "prediction"):
        parser.add_argument(f"--{name}-field", default="", metavar="NAME")
    parser.set_defaults(run=_score)


def _add_compare(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "List how two stored runs differ, which scores moved, and which results flipped."
    )
    parser.epilog = "example: pet2rep compare runs/new runs/old"
    parser.add_argument("run_path", type=Path, metavar="RUN", help="run folder")
    parser.add_argument("baseline", metavar="BASELINE", help="run folder, baseline file or name")
    add_allowed(parser)
    parser.add_argument("--all", action="store_true", help="every case and every flip")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.set_defaults(run=_compare)


def _add_gate(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Judge a stored run, by the gates named here, those of the project file, or those that it "
        "was made with. Exit codes as in a run: 0 passed, 1 failed or undecided, 20 not measured."
    )
    parser.epilog = "example: pet2rep gate runs/new --gate 'ce_f1 >= baseline - 0.02' --baseline v1"
    parser.add_argument("run_path", type=Path, metavar="RUN", help="run folder")
    parser.add_argument("--gate", action="append", default=[], metavar="EXPR", help="repeatable")
    parser.add_argument("--gates", default="", metavar="NAMES", help="tables that count, or none")
    parser.add_argument(
        "--config", type=Path, default=Path("pyproject.toml"), metavar="FILE", help="of the tables"
    )
    parser.add_argument("--baseline", default="", help="run folder, baseline file or name")
    add_allowed(parser)
    parser.add_argument("--confidence", default="0.95", metavar="P", help="default: 0.95")
    parser.add_argument("--undecided", choices=("fail", "warn", "pass"), default="fail")
    parser.add_argument("--fail-on-error", default="", metavar="any|none|SHARE|COUNT")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.set_defaults(run=_gate)


def _add_merge(parser: argparse.ArgumentParser) -> None:
    parser.description = "Merge the folders that --pet2rep-shard wrote; in any order and grouping."
    parser.epilog = "example: pet2rep merge runs/shard-* -o runs/whole"
    parser.add_argument("shards", type=Path, nargs="+", metavar="SHARD")
    parser.add_argument("-o", "--out", type=Path, required=True, metavar="DIR")
    add_allowed(parser)
    parser.set_defaults(run=_merge)


def _add_report(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Write a stored run as one HTML page that needs no network: verdict, scores beside floors "
        "and a baseline, organs, cases with both texts. --cases names the cohort for its images."
    )
    parser.epilog = "example: pet2rep report runs/candidate -o report.html --baseline release-1"
    parser.add_argument("run_path", type=Path, metavar="RUN")
    parser.add_argument("-o", "--out", type=Path, metavar="FILE", help="default: RUN/report.html")
    parser.add_argument("--baseline", default="", metavar="RUN", help="name, file or run folder")
    parser.add_argument("--cases", type=Path, metavar="COHORT", help="show the images of its cases")
    parser.add_argument("--language", choices=("zh", "en"), help="of the page at first sight")
    parser.set_defaults(run=_report)


def _add_import(parser: argparse.ArgumentParser) -> None:
    parser.description = "Write case folders for a data set; the data stays where it is."
    parser.epilog = "example: pet2rep import pairs outputs.jsonl my-cohort --language zh"
    names = "pet2rep-jsonl, pairs, petwb-rep, petrg, folder, dicom"
    parser.add_argument("importer", metavar="NAME", help=names)
    parser.add_argument("source", type=Path, metavar="SRC")
    parser.add_argument("destination", type=Path, metavar="DEST")
    parser.add_argument("--language", choices=("zh", "en"), help="default: told from the text")
    parser.add_argument("--images", type=Path, help="folder that image paths are relative to")
    parser.add_argument("--overwrite", action="store_true", help="replace cases that differ")
    for name in ("id", "reference", "prediction"):
        parser.add_argument(f"--{name}-field", default="", metavar="NAME")
    parser.set_defaults(run=_import)


def _add_read(parser: argparse.ArgumentParser) -> None:
    parser.description = "Read a report (or JSON lines of reports; - is standard input)."
    parser.epilog = "example: pet2rep read report.txt"
    parser.add_argument("file", metavar="FILE")
    parser.add_argument("--jsonl", action="store_true", help='lines of {"id", "text", "lang"?}')
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--language", choices=("zh", "en"))
    parser.add_argument("--profile", default="pet2rep19", help="organ list or profile .toml")
    parser.set_defaults(run=_read)


def _add_audit(parser: argparse.ArgumentParser) -> None:
    parser.description = "Measure the reading of reports against sentences labelled by hand."
    parser.epilog = "example: pet2rep audit --half frozen --errors"
    parser.add_argument("--half", choices=("tuned", "frozen", "all"), default="all")
    parser.add_argument("--language", choices=("zh", "en"), help="texts of one language only")
    parser.add_argument("--errors", action="store_true", help="list what is read otherwise")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.add_argument("--write", action="store_true", help="publish the figures in the package")
    parser.set_defaults(run=_audit)


def _add_expectations(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Write what is extracted from the references of a cohort to a sheet, or store a filled-in "
        "sheet in the case files."
    )
    parser.epilog = "example: pet2rep expectations my-cohort --review sheet.csv"
    parser.add_argument("cohort", type=Path, metavar="COHORT")
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("--review", type=Path, metavar="SHEET.csv", help="write this sheet")
    action.add_argument("--apply", type=Path, metavar="SHEET.csv", help="store this sheet")
    parser.add_argument("--language", choices=("zh", "en"), help="of the references to read")
    parser.add_argument("--section", choices=("findings", "impression", "both"), default="findings")
    parser.add_argument(
        "--overwrite", action="store_true", help="replace the sheet, or expectations that stand"
    )
    parser.set_defaults(run=_expectations)


def _add_read_agreement(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Let a language model read reports too, and print how far it agrees with our rules. FILE "
        'is JSON lines of {"id", "text", "lang"?}, or a cohort, whose references are read.'
    )
    parser.epilog = (
        "example: pet2rep read-agreement reports.jsonl --reader openai/qwen3 "
        "--base-url http://localhost:8000/v1"
    )
    parser.add_argument("file", type=Path, metavar="FILE")
    parser.add_argument("--reader", required=True, metavar="openai/MODEL")
    parser.add_argument("--base-url", default="", metavar="URL", help="default: OPENAI_BASE_URL")
    parser.add_argument("--reader-arg", action="append", default=[], metavar="KEY=VALUE")
    # The long name is the one that messages about private cases give.
    parser.add_argument(
        "--allow-remote", "--pet2rep-allow-remote", action="append", default=[], metavar="HOST"
    )
    parser.add_argument("--offline", "--pet2rep-offline", action="store_true")
    parser.add_argument("--profile", default="pet2rep19", help="organ list or profile .toml")
    parser.add_argument("--section", choices=("findings", "impression", "both"), default="findings")
    parser.add_argument("--language", choices=("zh", "en"), help="of reports that do not say")
    parser.add_argument("--concurrency", type=int, default=8, help="questions under way at once")
    parser.add_argument("--fresh", action="store_true", help="use no stored answers")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.set_defaults(run=_read_agreement)


def _add_render(parser: argparse.ArgumentParser) -> None:
    parser.description = "Write the images that a model is sent of one case, pixel for pixel."
    parser.epilog = "example: pet2rep render PET-0001 --out images --views separate"
    _add_case(parser)
    parser.add_argument("--out", type=Path, metavar="DIR", help="default: a folder named by id")
    _add_views(parser)
    parser.set_defaults(run=_render)


def _add_sheet(parser: argparse.ArgumentParser) -> None:
    parser.description = "Write one PNG with a row per case: what is expected, then its images."
    parser.epilog = "example: pet2rep contact-sheet --out sheet.png --cases PET-0001,PET-0002"
    parser.add_argument("cohort", nargs="?", type=Path, metavar="COHORT")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.png")
    parser.add_argument("--cases", default="", metavar="IDS", help="comma separated; default: all")
    _add_views(parser)
    parser.set_defaults(run=_sheet)


def _add_view(parser: argparse.ArgumentParser) -> None:
    parser.description = "Write one HTML page (no network) with slices, windows and fusion."
    parser.epilog = "example: pet2rep view PET-0001 --out PET-0001.html"
    _add_case(parser)
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.html")
    parser.set_defaults(run=_view)


def _add_store(parser: argparse.ArgumentParser) -> None:
    parser.description = "The store of generations: what models wrote, kept privately."
    parser.epilog = "example: pet2rep store ls --by run"
    commands = parser.add_subparsers(
        title="commands", required=True, metavar="COMMAND", dest="store_command"
    )
    ls = commands.add_parser("ls", help="what there is")
    ls.add_argument("--by", choices=("model", "run", "cohort", "date"), default="model")
    ls.add_argument("--json", action="store_true", help="print JSON instead of a table")
    show = commands.add_parser("show", help="one answer: what it is of, and its text")
    show.add_argument("what", metavar="KEY|CASE", help="first digits of a key, or a case id")
    gc = commands.add_parser("gc", help="remove what nobody needs, and answers that are named")
    gc.add_argument("--yes", action="store_true", help="remove; without it only say what would go")
    export = commands.add_parser("export", help="JSON lines that replay/ scores")
    export.add_argument("--out", type=Path, metavar="FILE.jsonl", help="default: standard output")
    for command in (ls, show, gc, export):
        command.add_argument("--store", type=Path, metavar="DIR", help="default: the user's cache")
        command.add_argument("--model", default="", help="answers of this model only")
        command.add_argument("--run", dest="of_run", default="", metavar="ID", help="of this run")
        command.add_argument("--older-than", default="", metavar="AGE", help="30d, 12h, 4w")
    parser.set_defaults(run=_store)


def _add_case(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("case", metavar="CASE", help="id, case folder or case.toml")
    parser.add_argument("--cases", type=Path, metavar="COHORT", help="default: the shipped cases")


def _add_views(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--views", choices=("fused", "separate"), default="fused")


def _render(parsed: argparse.Namespace) -> int:
    from pytest_pet2rep.run.render_command import render_case

    return render_case(parsed)


def _sheet(parsed: argparse.Namespace) -> int:
    from pytest_pet2rep.run.render_command import render_sheet

    return render_sheet(parsed)


def _view(parsed: argparse.Namespace) -> int:
    from pytest_pet2rep.run.render_command import view_case

    return view_case(parsed)


def _store(parsed: argparse.Namespace) -> int:
    from pytest_pet2rep.run.store_command import look_after_store

    return look_after_store(parsed)


def _score(parsed: argparse.Namespace) -> int:
    from pytest_pet2rep.run.score_command import score_file

    return score_file(parsed)


def _compare(parsed: argparse.Namespace) -> int:
    from pytest_pet2rep.run.compare.command import compare_stored

    return compare_stored(parsed)


def _gate(parsed: argparse.Namespace) -> int:
    from pytest_pet2rep.run.gates.command import gate_stored

    return gate_stored(parsed)


def _merge(parsed: argparse.Namespace) -> int:
    from pytest_pet2rep.run.merge.command import merge_shards

    return merge_shards(parsed)


def _report(parsed: argparse.Namespace) -> int:
    from pytest_pet2rep.run.report_page.command import report_stored

    return report_stored(parsed)


def _import(parsed: argparse.Namespace) -> int:
    from pytest_pet2rep.run.importing.command import import_cases

    return import_cases(parsed)


def _read(parsed: argparse.Namespace) -> int:
    from pytest_pet2rep.run.read_command import read_reports

    return read_reports(parsed)


def _audit(parsed: argparse.Namespace) -> int:
    from pytest_pet2rep.run.audit.command import audit_extractor

    return audit_extractor(parsed)


def _expectations(parsed: argparse.Namespace) -> int:
    from pytest_pet2rep.run.expectations.command import review_expectations

    return review_expectations(parsed)


def _read_agreement(parsed: argparse.Namespace) -> int:
    from pytest_pet2rep.run.second_reader.command import read_agreement

    return read_agreement(parsed)


if __name__ == "__main__":
    sys.exit(main())
