"""The HTML report in a real browser: quiet, usable by keyboard, and harmless."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from importlib import resources
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from pytest_pet2rep.run.report_page.command import report_html
from pytest_pet2rep.run.runfiles import RunData
from tests.slow.browsed_reports import Browsed, six_cases, tiny_vlm_on_the_shipped_cohort
from tests.unit.run.stored_runs import store_run
from tests.unit.run.test_report_page import HOSTILE, picture_set

BROWSER = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine"),
    pytest.mark.skipif(find_spec("playwright") is None, reason="needs playwright"),
    pytest.mark.timeout(3600),
]
CANARY = "window.canary = 'alive';"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]


@dataclass
class Opened:
    """A page, and everything that it said or asked for."""

    page: Any
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def quiet(self) -> bool:
        return not self.said and not self.asked


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=BROWSER, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("browser")


@pytest.fixture(scope="module")
def run(root: Path) -> RunData:
    return store_run(root, root / "run")


@pytest.fixture(scope="module")
def stored(root: Path, run: RunData) -> Browsed:
    return six_cases(root, run)


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Browsed:
    for needed in ("torch", "transformers"):
        pytest.importorskip(needed)
    return tiny_vlm_on_the_shipped_cohort(tmp_path_factory.mktemp("real"))


@pytest.fixture(scope="module", params=["stored", "real"])
def report(request: pytest.FixtureRequest) -> Browsed:
    """The page of six stored cases, and that of a real run on the shipped cohort."""
    found: Browsed = request.getfixturevalue(request.param)
    return found


def opened(chromium: Any, path: Path, **context: Any) -> Opened:
    page = chromium.new_context(**context).new_page()
    found = Opened(page)
    page.set_default_timeout(60_000)
    page.on("console", lambda message: found.said.append(message.text))
    page.on("pageerror", lambda error: found.said.append(str(error)))

    def noted(route: Any) -> None:
        if route.request.url.startswith(("data:", path.as_uri())):
            route.continue_()
        else:
            found.asked.append(route.request.url)
            route.abort()

    page.route("**/*", noted)
    page.add_init_script(CANARY)
    page.goto(path.as_uri(), wait_until="load")
    return found


@pytest.fixture
def seen(chromium: Any, report: Browsed) -> Iterator[Opened]:
    """The page at the width of a desk, in English."""
    found = opened(chromium, report.path, viewport={"width": 1280, "height": 900})
    if found.page.evaluate("document.documentElement.lang") != "en":
        found.page.click("#language")
    yield found
    assert found.quiet(), (found.said, found.asked)
    found.page.context.close()


def visible_cases(page: Any) -> list[str]:
    return [str(i) for i in page.eval_on_selector_all(
        "#case-table tbody tr:not([hidden])", "rows => rows.map(row => row.dataset.id)"
    )]  # fmt: skip


def open_case(page: Any, case: str) -> None:
    page.click(f'#case-table a:text-is("{case}")')
    page.wait_for_selector("#case-view:not([hidden])")


def test_cases_are_filtered_by_organ_outcome_risk_and_id(seen: Opened, report: Browsed) -> None:
    page, cases = seen.page, report.cases()
    assert sorted(visible_cases(page)) == cases
    page.select_option("#filter-organ", report.organ)
    assert set(visible_cases(page)) == report.troubled
    page.select_option("#filter-outcome", report.outcome)
    assert set(visible_cases(page)) == report.both != report.troubled
    assert f"{len(report.both)} of {len(cases)}" in page.inner_text("#filter-count")
    page.click("#filter-clear")
    page.wait_for_selector("#case-table tbody tr[hidden]", state="detached")
    page.fill("#filter-text", cases[3].lower())
    assert visible_cases(page) == [cases[3]]
    page.fill("#filter-text", "")
    page.fill("#filter-risk", "1")
    assert report.clean not in visible_cases(page)
    assert report.missed_case in visible_cases(page)
    page.press("#filter-risk", "Enter")  # a form that is sent nowhere


def test_a_heading_sorts_and_says_so(seen: Opened) -> None:
    page = seen.page
    button = page.locator("#case-table button.sort").nth(0)
    button.focus()
    page.keyboard.press("Enter")
    assert visible_cases(page) == sorted(visible_cases(page))
    head = page.locator("#case-table th").nth(0)
    assert head.get_attribute("aria-sort") == "ascending"
    page.keyboard.press("Enter")
    assert head.get_attribute("aria-sort") == "descending"
    assert visible_cases(page) == sorted(visible_cases(page), reverse=True)


def test_an_organ_of_the_table_filters_the_cases(seen: Opened, report: Browsed) -> None:
    seen.page.click(f'#organ-table button[data-organ="{report.other_organ}"]')
    assert set(visible_cases(seen.page)) == report.other_troubled != set()


def test_a_mention_leads_to_its_counterpart_and_is_explained(seen: Opened, report: Browsed) -> None:
    page, organ = seen.page, report.missed_organ
    open_case(page, report.missed_case)
    mention = f'.m[role][data-organ="{organ}"]'
    page.locator(f'{mention}.increased[data-side="reference"]').first.focus()
    reading = page.inner_text("#reading-text")
    for word in (report.run.profile[organ].en, "increased", "definite", "Rule", "missed"):
        assert word in reading
    assert page.locator(f'.m.linked[data-side="generated"][data-organ="{organ}"]').count()
    page.keyboard.press("Enter")
    focused = page.evaluate("({...document.activeElement.dataset})")
    assert (focused["side"], focused["organ"]) == ("generated", organ)
    assert "normal" in page.inner_text("#reading-text")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.dataset.side") == "reference"
    other = report.normal_organ
    page.locator(f'.m[role][data-side="generated"][data-organ="{other}"]').first.hover()
    assert report.run.profile[other].en in page.inner_text("#reading-text")
    for sample in page.locator("#case-view .legend .m").all():
        sample.hover()  # is wired to nothing
    page.go_back()
    page.wait_for_selector("#overview:not([hidden])")


def test_a_case_shows_the_images_that_its_model_saw(seen: Opened, report: Browsed) -> None:
    open_case(seen.page, report.missed_case)
    widths = seen.page.locator(".pictures img").evaluate_all(
        "images => Promise.all(images.map(i => i.decode().then(() => i.naturalWidth)))"
    )
    assert len(widths) == report.images
    assert min(widths) > 0


def test_a_flip_opens_its_case(seen: Opened) -> None:
    seen.page.locator("#flips a").first.click()
    seen.page.wait_for_selector("#case-view:not([hidden])")
    assert seen.page.inner_text("#case-title").startswith("PET-")


def test_the_model_stands_beside_the_floors_and_the_baseline(chromium: Any, real: Browsed) -> None:
    page = opened(chromium, real.path).page
    row = page.locator('#scores tr:has(code:text-is("ce_f1"))').first
    here, floor, lift, there = (row.locator("td").nth(at).inner_text() for at in (0, 3, 4, 5))
    assert floor.split()[1] == "template"
    assert there.split()[0] == floor.split()[0]  # the baseline is the template, too
    assert float(here) > 50 > float(floor.split()[0])
    assert float(lift) == pytest.approx(float(here) - float(floor.split()[0]), abs=0.11)
    assert row.locator("circle.model").count() == row.locator("circle.baseline").count() == 1
    assert row.locator("path.floor").count() > 1
    page.context.close()


def test_the_language_is_switched_in_place(seen: Opened, report: Browsed) -> None:
    page = seen.page
    page.click("#language")
    assert page.evaluate("document.documentElement.lang") == "zh-CN"
    assert page.inner_text("#card-title") == "运行信息"
    assert page.inner_text('#organ-table button[data-organ="liver"]') == "肝"
    open_case(page, report.missed_case)
    assert "参考报告" in page.inner_text("#case-view")
    page.click("#language")
    assert "Reference report" in page.inner_text("#case-view")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_serious_hinders_anybody(
    chromium: Any, report: Browsed, scheme: str, width: int
) -> None:
    pytest.importorskip("axe_playwright_python", reason="needs axe-playwright-python")
    axe = resources.files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
    view = {"width": width, "height": 850}
    found = opened(chromium, report.path, color_scheme=scheme, viewport=view)
    page = found.page
    for place in ("", f"#case/{report.missed_case}/0"):
        page.evaluate("place => { location.hash = place; }", place)
        page.wait_for_timeout(300)
        page.evaluate(axe)
        result = page.evaluate("axe.run()")
        serious = [
            (each["id"], [node["html"][:200] for node in each["nodes"]][:3])
            for each in result["violations"]
            if each["impact"] in ("serious", "critical")
        ]
        assert not serious
        assert len(result["passes"]) > 10  # it did look
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.context.close()


def test_a_hostile_corpus_runs_nothing(chromium: Any, root: Path, run: RunData) -> None:
    hostile = HOSTILE[:3000]
    texts = {
        key: replace(text, reference=hostile, generated=hostile, raw=hostile, reason=hostile)
        for key, text in run.texts.items()
    }
    records = tuple(replace(r, evidence=(hostile, hostile), reason=hostile) for r in run.records)
    card = {**run.card, "model": {**run.card["model"], "spec": hostile[:400]}}
    hurt = replace(run, texts=texts, records=records, card=card)
    path = root / "hostile.html"
    path.write_text(report_html(hurt, path=path), encoding="utf-8")
    found = opened(chromium, path)
    for case in ("PET-1", "PET-5"):
        found.page.evaluate("case_ => { location.hash = `case/${case_}/0`; }", case)
        found.page.wait_for_selector("#case-view:not([hidden])")
        assert "<script>window.canary" in found.page.inner_text("#case-view")
    assert found.page.evaluate("window.canary") == "alive"
    assert found.page.locator("img, iframe, svg[onload]").count() == 0
    assert found.quiet(), (found.said, found.asked)
    found.page.context.close()


def test_images_beside_the_page_are_found(
    chromium: Any, root: Path, run: RunData, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pytest_pet2rep.run.report_page.command.MOST_BYTES", 10)
    path = root / "with images.html"
    path.write_text(report_html(run, path=path, pictures=picture_set(1)), encoding="utf-8")
    page = chromium.new_page()
    page.goto(f"{path.as_uri()}#case/PET-1/0")
    image = page.locator(".pictures img")
    assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") == 30
    page.close()
