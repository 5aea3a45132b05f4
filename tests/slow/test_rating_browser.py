"""The rating sheet and the leaderboard in a real browser: usable, quiet and harmless."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from pytest_pet2rep.run.leaderboard import leaderboards
from pytest_pet2rep.run.leaderboard.page import leaderboard_page
from pytest_pet2rep.run.rating import draw_sheet
from pytest_pet2rep.run.rating.files import RatingKey, read_ratings
from pytest_pet2rep.run.rating.sheet import sheet_html
from pytest_pet2rep.run.runfiles import RunData
from tests.unit.run.hostile import HOSTILE_TEXT, hostile_run
from tests.unit.run.stored_runs import store_run
from tests.unit.run.test_leaderboard import named
from tests.validated import validate_files

BROWSER = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine"),
    pytest.mark.skipif(find_spec("playwright") is None, reason="needs playwright"),
]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunData:
    root = tmp_path_factory.mktemp("sheet")
    return store_run(root, root / "run")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        yield browser
        browser.close()


def opened(chromium: Any, path: Path) -> tuple[Any, list[str]]:
    """Open a page; the list gathers what it says, asks for, or lets run."""
    heard: list[str] = []
    page = chromium.new_page()
    page.on("console", lambda said: heard.append(said.text))
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on("request", lambda asked: None if _own(asked.url) else heard.append(asked.url))
    page.add_init_script("window.canary = () => { window.harmed = true; };")
    page.goto(path.as_uri())
    return page, heard


def _own(url: str) -> bool:
    return url.startswith(("file:", "blob:"))


def test_a_reader_fills_in_saves_and_continues(chromium: Any, run: RunData, tmp_path: Path) -> None:
    sheet = draw_sheet(hostile_run(run), 6)
    path = tmp_path / "sheet.html"
    path.write_text(sheet_html(sheet, 1), encoding="utf-8")
    page, heard = opened(chromium, path)
    page.click("#save")
    assert page.evaluate("document.activeElement.id") == "reader", "a name is asked for"
    page.fill("#reader", "A B")
    page.check("article[data-item=R3] input[value='2b']")
    page.fill("article[data-item=R3] input[data-error=omission][data-weight=significant]", "2")
    page.fill("article[data-item=R3] textarea", "肝")
    assert page.text_content("#note") == "1 / 6"
    with page.expect_download() as download:
        page.click("#save")
    assert download.value.suggested_filename == "rating-A-B.json"
    saved = tmp_path / "rating-A-B.json"
    download.value.save_as(saved)
    assert validate_files(tmp_path) == 1
    items = {item.id: (item.case, item.repeat) for item in sheet.items}
    key = RatingKey(sheet=sheet.digest, run_id=run.run_id, items=items)
    found = read_ratings(saved, key)
    assert (found.name, found.unrated, set(found.ratings)) == ("A B", 5, {"R3"})
    assert (found.ratings["R3"].level, found.ratings["R3"].significant) == (2, 2)
    page.reload()
    assert page.text_content("#note") == "0 / 6"
    page.set_input_files("#load", str(saved))
    page.wait_for_selector("#note:text-is('1 / 6')")  # by script it would break the page's policy
    assert page.is_checked("article[data-item=R3] input[value='2b']")
    assert page.input_value("article[data-item=R3] textarea") == "肝"
    assert not page.evaluate("Boolean(window.harmed)")
    assert heard == []
    page.close()


def test_the_leaderboard_is_quiet_and_draws(chromium: Any, run: RunData, tmp_path: Path) -> None:
    boards = leaderboards([run, named(run, HOSTILE_TEXT)], "ce_recall", published=True)
    path = tmp_path / "board.html"
    path.write_text(leaderboard_page(boards), encoding="utf-8")
    page, heard = opened(chromium, path)
    assert page.locator("table").count() == len(boards)
    assert page.locator("svg").count() > 0
    box = page.locator("svg").first.bounding_box()
    assert box["width"] > 100, "the style sheet is allowed by the policy"
    assert not page.evaluate("Boolean(window.harmed)")
    assert heard == []
    page.close()
