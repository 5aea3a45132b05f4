"""The documentation names nothing that is not there."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from pytest_pet2rep.adapter.option_table import OPTIONS
from pytest_pet2rep.cli import _parser

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("README*.md"), ROOT / "CONTRIBUTING.md", *DOCS.glob("**/*.md")])
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
def test_every_link_to_a_heading_leads_somewhere_on_the_site_and_on_a_code_host(page: Path) -> None:
    for target, heading in re.findall(
        r"\]\((?!https?://)([^)#\s]*)#([^)\s]+)\)", page.read_text(encoding="utf-8")
    ):
        known = set(headings((page.parent / target) if target else page))
        assert heading in known, f"{target}#{heading}"


def headings(page: Path) -> Iterator[str]:
    """Anchors of a page that are the same on the site and on code hosts."""
    for title in re.findall(r"^#{1,6} (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE):
        kept = re.sub(r"[^\w\s-]", "", title).strip().lower()
        on_code_hosts, on_the_site = kept.replace(" ", "-"), re.sub(r"[-\s]+", "-", kept)
        if on_code_hosts == on_the_site:
            yield on_the_site


def test_every_page_stands_in_the_navigation_once() -> None:
    listed = list(pages_of(site()["nav"]))
    assert sorted(listed) == sorted(str(p.relative_to(DOCS).as_posix()) for p in DOCS.rglob("*.md"))


def test_no_page_of_the_site_links_out_of_it() -> None:
    for page in DOCS.rglob("*.md"):
        text = page.read_text(encoding="utf-8")
        for target in re.findall(r"\]\((?!https?://|#)([^)#\s]+)", text):
            assert (page.parent / target).resolve().is_relative_to(DOCS), f"{page.name}: {target}"


def test_the_site_loads_nothing_from_other_hosts() -> None:
    assert site()["theme"]["font"] is False
    assert "extra_javascript" not in site()


@pytest.mark.slow
@pytest.mark.skipif(not importlib.util.find_spec("material"), reason="needs the extra docs")
def test_the_site_is_built_without_a_warning(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "-d", str(tmp_path / "site")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "site").rglob("*.html"))) >= len(list(DOCS.rglob("*.md")))


def site() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    return loaded


def pages_of(entry: Any) -> Iterator[str]:
    """Pages of a part of the navigation, in its order."""
    if isinstance(entry, str):
        yield entry
        return
    for child in entry.values() if isinstance(entry, dict) else entry:
        yield from pages_of(child)


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
