"""The documentation names nothing that is not there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pytest_pet2rep.adapter.option_table import OPTIONS
from pytest_pet2rep.cli import _parser

ROOT = Path(__file__).parents[1]
PAGES = sorted([ROOT / "README.md", *ROOT.glob("docs/**/*.md")])
FLAGS = {row.flag for row in OPTIONS}


def commands() -> set[str]:
    actions = _parser()._subparsers._group_actions  # type: ignore[union-attr]
    return set(actions[0].choices)  # type: ignore[call-overload]


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?://|#)([^)#\s]+)", page.read_text(encoding="utf-8"))
    missing = [target for target in targets if not (page.parent / target).exists()]
    assert not missing


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_option_that_is_named_exists(page: Path) -> None:
    named = set(re.findall(r"--pet2rep-[a-z]+(?:-[a-z]+)*", page.read_text(encoding="utf-8")))
    assert not named - FLAGS


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_command_that_is_named_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    named = set(re.findall(r"(?:^|`|\s)pet2rep ([a-z]+(?:-[a-z]+)*)(?=[\s`])", text, re.MULTILINE))
    assert not {name for name in named if name in _KNOWN_VERBS} - commands()


_KNOWN_VERBS = {
    "score", "import", "read", "audit", "expectations", "render", "view", "contact-sheet",
    "compare", "gate", "report", "show", "store", "merge", "rate", "ratings", "leaderboard",
}  # fmt: skip


def test_the_readme_has_its_two_commands() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for mark, part in (("main", "--pet2rep-model=baseline/template"), ("tests", "pip install -e")):
        block = re.search(rf"<!-- {mark} -->\n```bash\n(.+)\n```", text)
        assert block is not None
        assert part in block[1]
        assert "\n" not in block[1]
    assert "@@" not in text
