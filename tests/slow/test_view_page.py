"""The page of a case in a real browser: it draws, its controls act, it asks nobody for anything.

Needs playwright (``pip install playwright``) and a Chromium, found on the path or by playwright.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pytest_pet2rep.imaging.volumes import Volume
from pytest_pet2rep.run.view_page import view_page
from pytest_pet2rep.types import Expectation, Language, UptakeState
from tests.model_inputs import a_case

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
STEP = np.diag([4.0, 4.0, 5.0, 1.0])
HOT = (slice(40, 44), slice(20, 24), slice(32, 36))
"""A hot focus on the right, in front of the middle, near the head."""


@dataclass
class Opened:
    """The page in the browser, and what it complained of and asked for meanwhile."""

    page: Any
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def note(self, message: Any) -> None:
        """Keep errors; that a canvas is read back (by this test) the browser only remarks on."""
        if message.type == "error":
            self.complaints.append(message.text)

    def text(self, selector: str) -> str:
        return str(self.page.locator(selector).inner_text())

    def wait_for_text(self, selector: str, start: str) -> None:
        """Wait for a text that begins so; the page's own policy forbids polling by script."""
        self.page.locator(selector, has_text=re.compile(f"^{re.escape(start)}")).wait_for()

    def set(self, control: str, value: float) -> None:
        """Move a slider as a hand does: its value, and the event of a change."""
        self.page.locator(f"#{control}").evaluate(
            "(slider, to) => { slider.value = to; slider.dispatchEvent(new Event('input')); }",
            value,
        )
        self.settle()

    def settle(self) -> None:
        """Wait for two frames: the page draws in the next one."""
        self.page.evaluate(
            "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
        )

    def pixels(self, view: str) -> np.ndarray:
        """What is drawn in a view: uint8, shape (rows, columns, 3)."""
        width, height, values = self.page.locator(f"#{view}").evaluate(
            "canvas => [canvas.width, canvas.height, Array.from(canvas.getContext('2d')"
            ".getImageData(0, 0, canvas.width, canvas.height).data)]"
        )
        return np.array(values, dtype=np.uint8).reshape(height, width, 4)[:, :, :3]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        own = Path(driver.chromium.executable_path)
        found = next(filter(None, map(shutil.which, BROWSERS)), None)
        if found is None and not own.exists():
            pytest.skip("no Chromium is installed (playwright install chromium)")
        browser = driver.chromium.launch(
            executable_path=found or str(own), args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()


@pytest.fixture
def opened(browser: Any, tmp_path: Path) -> Iterator[Opened]:
    suv = np.random.default_rng(3).uniform(0, 1, (60, 32, 40)).astype(np.float32)
    suv[HOT] = 12.0
    hu = np.full(suv.shape, -1000, dtype=np.int16)
    hu[6:54, 4:28, :] = 40
    case = a_case(
        references={Language.EN: "Findings: <b>one</b> focus."},
        expectations=(
            Expectation(organ="lungs", states=frozenset({UptakeState.INCREASED}), part="apex"),
        ),
    )
    file = tmp_path / "case.html"
    pet, ct = Volume(data=suv, affine=STEP), Volume(data=hu, affine=STEP)
    file.write_text(view_page(case, pet, ct), encoding="utf-8")
    page = browser.new_page(viewport={"width": 1200, "height": 900})
    watched = Opened(page=page)
    page.on("console", watched.note)
    page.on("pageerror", lambda error: watched.complaints.append(str(error)))
    page.on("request", lambda request: watched.requests.append(request.url))
    page.goto(file.as_uri())
    watched.wait_for_text("#probe", "At the")
    watched.settle()
    yield watched
    assert watched.complaints == []
    assert watched.requests == [file.as_uri()]
    page.close()


def test_all_three_slices_are_drawn_with_the_body_in_them(opened: Opened) -> None:
    for view in ("coronal", "sagittal", "axial"):
        assert (opened.pixels(view).max(axis=2) > 60).mean() > 0.3


def test_the_slice_slider_shows_another_slice_and_says_which(opened: Opened) -> None:
    opened.page.locator("#cross").click()
    before = opened.pixels("coronal")
    assert bright(before).sum() == 0
    last = int(opened.page.locator("#slice-coronal").get_attribute("max"))
    hot = round((1 - (HOT[1].start + 1.5 - 4) / 24) * last)
    opened.set("slice-coronal", hot)
    assert opened.text("#at-coronal") == f"{hot + 1} of {last + 1}"
    rows, columns = np.nonzero(bright(opened.pixels("coronal")))
    assert rows.size > 4
    assert columns.mean() < before.shape[1] / 2  # the patient's right
    assert rows.mean() < before.shape[0] / 2  # the head


def bright(pixels: np.ndarray) -> np.ndarray:
    """Pixels with the yellow and white of high uptake, away from the letters at the borders."""
    inside = np.zeros(pixels.shape[:2], dtype=bool)
    inside[14:-2, 12:-12] = True
    return (pixels[:, :, 1] > 150) & (pixels[:, :, 0] > 150) & inside


def test_keys_and_wheel_scroll_a_slice_and_a_click_places_the_cross_hair(opened: Opened) -> None:
    start = int(opened.text("#at-axial").split()[0])
    opened.page.locator("#axial").focus()
    opened.page.keyboard.press("ArrowDown")
    opened.settle()
    assert int(opened.text("#at-axial").split()[0]) == start + 1
    opened.page.locator("#axial").hover()
    opened.page.mouse.wheel(0, -100)
    opened.wait_for_text("#at-axial", f"{start} of")
    box = opened.page.locator("#coronal").bounding_box()
    opened.page.mouse.click(box["x"] + 0.25 * box["width"], box["y"] + 0.75 * box["height"])
    opened.settle()
    number, _, count = opened.text("#at-axial").split()
    assert abs(int(number) / int(count) - 0.75) < 0.05


def test_the_window_sliders_change_the_pixels_and_their_labels(opened: Opened) -> None:
    for control, label, value in (("suv", "suv", 20), ("low", "low", -160), ("high", "high", 240)):
        before = opened.pixels("axial")
        opened.set(control, value)
        assert opened.text(f"#{label}-value") == str(value)
        assert not np.array_equal(opened.pixels("axial"), before)


def test_without_the_weight_of_the_pet_the_picture_is_grey(opened: Opened) -> None:
    opened.page.locator("#cross").click()
    assert not grey(opened.pixels("axial"))
    opened.set("alpha", 0)
    assert opened.text("#alpha-value") == "0.00"
    assert grey(opened.pixels("axial"))


def grey(pixels: np.ndarray) -> bool:
    inside = pixels[14:, 12:-12].astype(int)
    return bool((np.ptp(inside, axis=2) <= 2).all())


def test_a_preset_sets_all_four_controls(opened: Opened) -> None:
    opened.page.get_by_role("button", name="Brain and kidneys").click()
    opened.settle()
    shown = [opened.text(f"#{name}-value") for name in ("suv", "alpha", "low", "high")]
    assert shown == ["15", "0.60", "-160", "240"]


def test_what_a_report_says_is_text_and_not_markup(opened: Opened) -> None:
    assert opened.page.locator("b").count() == 0
    opened.page.get_by_text("Reference report").click()
    assert "<b>one</b> focus" in opened.text("pre")
    assert "lungs: increased (apex)" in opened.text(".texts")
