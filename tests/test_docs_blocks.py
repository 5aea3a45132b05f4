"""Commands of the documentation run, or at least are commands that exist."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_pet2rep.adapter.option_table import OPTIONS
from pytest_pet2rep.cli import _parser
from tests.doc_blocks import PAGES, ROOT, Block, blocks_of, commands_of

ROWS = {row.flag: row for row in OPTIONS}
RUNNABLE = {
    page: blocks
    for page, blocks in ((page, blocks_of(page)) for page in PAGES)
    if any(block.exit_code is not None for block in blocks)
}
SLOW_PAGE = re.compile(r"(?:^|\s)(?:pytest|bash) ", re.MULTILINE)


def is_slow(blocks: tuple[Block, ...]) -> bool:
    return any(b.exit_code is not None and SLOW_PAGE.search(b.text) for b in blocks)


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(page, id=name(page), marks=[pytest.mark.slow] if is_slow(blocks) else [])
        for page, blocks in RUNNABLE.items()
    ],
)
def test_the_blocks_of_a_page_that_are_said_to_run_do_so_in_their_order(
    page: Path, tmp_path: Path
) -> None:
    lay_out(tmp_path)
    for block in RUNNABLE[page]:
        if block.file:
            (tmp_path / block.file).write_text(block.text, encoding="utf-8")
        if block.exit_code is not None:
            done = run(block.text, tmp_path)
            told = f"{block.text}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
            assert done.returncode == block.exit_code, told


def test_the_tutorial_and_the_how_tos_for_texts_are_run() -> None:
    run_pages = {name(page) for page in RUNNABLE}
    assert {
        "docs/tutorial/first-run.md",
        "docs/how-to/score-outputs.md",
        "docs/how-to/own-check.md",
        "docs/how-to/own-cohort.md",
        "docs/how-to/ci.md",
    } <= run_pages


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_command_of_a_page_has_options_that_exist(page: Path) -> None:
    for block in blocks_of(page):
        for program, *words in commands_of(block):
            if program == "pet2rep":
                # Raises SystemExit(4) for what the command would refuse.
                _parser().parse_args(words)
            else:
                check_options(words)


def check_options(words: list[str]) -> None:
    """Options of the plugin with a value where they need one, and a value that they take."""
    for position, word in enumerate(words):
        flag, equals, value = word.partition("=")
        if not flag.startswith("--pet2rep"):
            continue
        row = ROWS[flag]
        if row.switch:
            assert not equals, f"{flag} takes no value"
            continue
        value = value if equals else words[position + 1]
        if row.choices and not value.isupper():
            assert value in row.choices, f"{flag}={value}"


def lay_out(folder: Path) -> None:
    """Put into a folder what the pages take for given: a script's, a hospital's, a user's files."""
    shutil.copytree(ROOT / "examples" / "ci", folder / "examples" / "ci")
    reports = folder / "reports"
    reports.mkdir()
    text = "影像所见：肝右叶见结节，FDG摄取增高。脾脏FDG摄取未见异常。"
    for case in ("A001", "A002"):
        (reports / f"{case}.txt").write_text(text, encoding="utf-8")
    (folder / "report.txt").write_text(text, encoding="utf-8")
    (folder / "outputs.jsonl").write_text(
        '{"id": "A001", "reference": "肝FDG摄取增高。", "prediction": "肝FDG摄取未见异常。"}\n'
        '{"id": "A002", "reference": "脾FDG摄取未见异常。", "prediction": "脾FDG摄取未见异常。"}\n',
        encoding="utf-8",
    )
    (folder / "examinations.csv").write_text(
        "id,report_zh,sex,age\nA001,reports/A001.txt,F,61\nA002,reports/A002.txt,M,58\n",
        encoding="utf-8",
    )
    (folder / "pytest.ini").write_text("[pytest]\naddopts = -p no:hypothesispytest\n")


def run(commands: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a block under bash with the commands of this environment; stop at the first failure."""
    programs = Path(sys.executable).parent
    return subprocess.run(
        ["bash", "-e"],
        input=commands,
        cwd=folder,
        env={**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
