"""Epochs and controls: the same report asked for again, unchanged or with other images."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.plugin.conftest import read_json

Run = Callable[..., pytest.RunResult]

LOOKING = """
class Model:
    needs_images = True

    def generate(self, request):
        bright = request.images[0].pixels.mean() > 160
        state = "增高" if bright else "未见异常"
        return f"影像所见：肝脏FDG摄取{state}。脾脏FDG摄取未见异常。\\n影像诊断：见上。"
"""
FICKLE = """
class Model:
    needs_images = False

    def generate(self, request):
        right = request.repeat == 0
        return f"影像所见：肝脏FDG摄取{'增高' if right else '减低'}。\\n影像诊断：见上。"
"""


@pytest.fixture
def bright_and_dark(pytester: pytest.Pytester, make_case: Callable[..., Path]) -> None:
    """Four cases whose liver is hot where their picture is bright."""
    for number, bright in enumerate((True, False, True, False)):
        state = "增高" if bright else "未见异常"
        path = make_case(
            f"PET-{number}",
            f"影像所见：肝脏FDG摄取{state}。脾脏FDG摄取未见异常。\n影像诊断：见上。",
            extra='[images]\nslices = ["one.png"]\n',
        )
        pixels = np.full((8, 8, 3), 240 if bright else 20, dtype=np.uint8)
        Image.fromarray(pixels).save(path.parent / "one.png")


@pytest.fixture
def _own_folders(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(pytester.path))
    monkeypatch.setenv("PET2REP_CACHE", str(pytester.path / "cache"))


@pytest.mark.usefixtures("bright_and_dark", "_own_folders")
@pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["serial", "n2"])
def test_a_model_that_looks_relies_on_its_images(
    pytester: pytest.Pytester, run: Run, workers: tuple[str, ...]
) -> None:
    pytester.makepyfile(looking=LOOKING)
    result = run(
        "py/looking:Model",
        "--pet2rep-control=blank-image,wrong-image",
        "--pet2rep-aa=2",
        "--pet2rep-json=out.json",
        *workers,
    )
    assert result.ret == 0
    summary = read_json(pytester.path / "out.json")
    assert summary["card"]["cohort"]["complete"]
    again = {found["name"]: found for found in summary["controls"]}
    assert (again["aa"]["cases"], again["aa"]["same_text"]) == (2, 1.0)
    assert again["blank-image"]["cases"] == 4
    assert again["blank-image"]["ce_f1"] == 1.0
    assert again["blank-image"]["reliance"] == 1.0
    assert again["blank-image"]["flipped_verdicts"] == pytest.approx(2 / (4 * 19))
    result.stdout.fnmatch_lines(["*blank-image (zh)*+100.0*"])


@pytest.mark.usefixtures("_own_folders")
def test_pass_at_k_and_pass_every_time_are_told_apart(
    pytester: pytest.Pytester, run: Run, make_case: Callable[..., Path]
) -> None:
    make_case("PET-1", "影像所见：肝脏FDG摄取增高。\n影像诊断：见上。")
    pytester.makepyfile(fickle=FICKLE)
    result = run("py/fickle:Model", "--pet2rep-epochs=3", "--pet2rep-json=out.json", "-v")
    summary = read_json(pytester.path / "out.json")
    rows = {row["items"]: row for row in summary["repeats"]}
    liver = rows["abnormal"]
    assert (liver["count"], liver["at_least_once"], liver["every_time"]) == (1, 1.0, 0.0)
    assert liver["mean"] == pytest.approx(1 / 3)
    assert summary["planned"] == summary["recorded"] == 3 * 31
    assert summary["card"]["cohort"]["complete"]
    result.stdout.fnmatch_lines(["*test_uptake[[]liver-repeat2]*FAILED*", "*pass@3*pass^3*"])


@pytest.mark.usefixtures("cohort")
@pytest.mark.parametrize(
    ("model", "option", "sentence"),
    [
        ("baseline/template", "--pet2rep-aa=1", "*baseline/template generates nothing*"),
        ("baseline/suv-reader", "--pet2rep-control=blurred", "*unknown control 'blurred'*"),
        ("baseline/suv-reader", "--pet2rep-aa=-1", "*needs a whole number, 0 or more*"),
        ("baseline/suv-reader", "--pet2rep-epochs=0", "*needs a whole number, 1 or more*"),
    ],
)
def test_a_control_that_says_nothing_is_refused_before_the_first_report(
    run: Run, model: str, option: str, sentence: str
) -> None:
    result = run(model, option)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([sentence])


@pytest.mark.usefixtures("_own_folders", "cohort")
def test_a_model_without_images_has_no_image_control(pytester: pytest.Pytester, run: Run) -> None:
    pytester.makepyfile(fickle=FICKLE)
    result = run("py/fickle:Model", "--pet2rep-control=blank-image")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*py/fickle:Model is sent no images*"])
