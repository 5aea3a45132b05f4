"""Commands that show a case to people: exactly the pixels of the model, and a page to scroll in."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pytest_pet2rep.cli import main
from pytest_pet2rep.imaging.options import ViewOptions, Views
from pytest_pet2rep.imaging.rendering import render_views
from pytest_pet2rep.imaging.volumes import Volume, save_volume
from pytest_pet2rep.run.render_command import LINE_LETTERS, caption
from pytest_pet2rep.run.view_page import HU_CODES, SUV_CODES, page_volumes

AFFINE = np.diag([4.0, 4.0, 5.0, 1.0])


def body(seed: int) -> tuple[Volume, Volume]:
    """A block of tissue in air with one hot voxel block on the patient's right, at the head."""
    rng = np.random.default_rng(seed)
    pet = rng.uniform(0, 2, (40, 24, 30)).astype(np.float32)
    pet[26:30, 14:18, 22:26] = 12.0
    ct = np.full((40, 24, 30), -1000, dtype=np.int16)
    ct[4:36, 4:20, :] = 40
    return Volume(data=pet, affine=AFFINE), Volume(data=ct, affine=AFFINE)


@pytest.fixture
def cohort(tmp_path: Path) -> Path:
    root = tmp_path / "cohort"
    for seed, name in enumerate(("PET-A", "PET-B")):
        folder = root / name
        folder.mkdir(parents=True)
        pet, ct = body(seed)
        save_volume(pet, folder / "pet.nii.gz")
        save_volume(ct, folder / "ct.nii.gz")
        (folder / "report.en.txt").write_text("Findings:\n<b>Liver</b> </script> normal.\n")
        (folder / "case.toml").write_text(
            f'id = "{name}"\nsex = "F"\nage = 61\nlanguage = "en"\n'
            '[images]\npet = "pet.nii.gz"\nct = "ct.nii.gz"\n'
            '[expectations.lungs]\nstates = ["increased"]\nside = "right"\n'
            'part = "upper <lobe>"\nvisible = false\n'
            '[expectations.liver]\nstates = ["normal"]\n'
        )
    return root


def pictures(folder: Path) -> list[np.ndarray]:
    return [np.asarray(Image.open(path)) for path in sorted(folder.iterdir())]


@pytest.mark.parametrize("views", Views)
def test_render_writes_exactly_what_the_model_is_sent(
    cohort: Path, tmp_path: Path, views: Views
) -> None:
    out = tmp_path / "out"
    arguments = ["render", "PET-A", "--cases", str(cohort), "--out", str(out)]
    assert main([*arguments, "--views", views.value]) == 0
    sent = render_views(*body(0), ViewOptions(views=views))
    written = pictures(out)
    assert len(written) == len(sent) == (3 if views is Views.FUSED else 6)
    for picture, image in zip(written, sent, strict=True):
        np.testing.assert_array_equal(picture, image.pixels)


def test_render_takes_a_case_folder_and_names_its_own(
    cohort: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["render", str(cohort / "PET-B")]) == 0
    assert [p.name for p in sorted((tmp_path / "PET-B").iterdir())] == [
        "01_fused_010.png", "02_fused_012.png", "03_fused_013.png",
    ]  # fmt: skip


@pytest.mark.parametrize("command", [["render"], ["view", "--out", "x.html"]])
def test_a_wrong_case_is_one_sentence_with_the_nearest_id(
    command: list[str], cohort: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command[0], "PET-AA", "--cases", str(cohort), *command[1:]]) == 4
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "did you mean 'PET-A'" in said


def test_a_wrong_id_for_a_contact_sheet_is_one_sentence(
    cohort: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["contact-sheet", str(cohort), "--out", str(tmp_path / "s.png")]
    assert main([*arguments, "--cases", "PET-A,PET-X"]) == 4
    assert capsys.readouterr().err.startswith("pet2rep: unknown case 'PET-X'")
    assert not (tmp_path / "s.png").exists()


def test_a_place_that_cannot_be_written_is_one_sentence(
    cohort: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nowhere = tmp_path / "no" / "such" / "page.html"
    assert main(["view", "PET-A", "--cases", str(cohort), "--out", str(nowhere)]) == 4
    assert "cannot be written" in capsys.readouterr().err


def test_what_shows_a_patient_is_for_its_owner_only(cohort: Path, tmp_path: Path) -> None:
    folder = tmp_path / "images"
    assert main(["render", "PET-A", "--cases", str(cohort), "--out", str(folder)]) == 0
    assert main(["contact-sheet", str(cohort), "--out", str(tmp_path / "sheet.png")]) == 0
    written = [folder, *folder.iterdir(), tmp_path / "sheet.png"]
    assert len(written) > 2
    assert all(path.stat().st_mode & 0o077 == 0 for path in written)


def test_a_folder_of_many_cases_is_no_case(
    cohort: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["render", str(cohort)]) == 4
    assert "holds 2 cases" in capsys.readouterr().err


def test_a_contact_sheet_has_a_row_per_case_with_its_images(cohort: Path, tmp_path: Path) -> None:
    out = tmp_path / "sheet.png"
    assert main(["contact-sheet", str(cohort), "--out", str(out)]) == 0
    sheet = np.asarray(Image.open(out))
    for row, seed in enumerate((0, 1)):
        for column, image in enumerate(render_views(*body(seed))):
            top, left = 4 + row * 34, 4 + 250 + 4 + column * 44
            np.testing.assert_array_equal(sheet[top : top + 30, left : left + 40], image.pixels)


def test_a_contact_sheet_of_chosen_cases_keeps_their_order(cohort: Path, tmp_path: Path) -> None:
    out = tmp_path / "sheet.png"
    arguments = ["contact-sheet", str(cohort), "--out", str(out)]
    assert main([*arguments, "--cases", "PET-B"]) == 0
    sheet = np.asarray(Image.open(out))
    assert sheet.shape[0] == 30 + 8
    np.testing.assert_array_equal(sheet[4:34, 258:298], render_views(*body(1))[0].pixels)


def test_captions_are_drawn_and_cut_to_their_height() -> None:
    lines = ["PET-A F 61", "increased lungs", "x" * LINE_LETTERS]
    picture = caption(lines, 60)
    assert picture.shape == (60, 250, 3)
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 5
    np.testing.assert_array_equal(caption(lines, 20)[:13], picture[:13])
    assert not np.array_equal(caption(lines, 20), picture[:20])


def test_a_contact_sheet_says_on_which_side_the_patients_right_is(
    cohort: Path, tmp_path: Path
) -> None:
    assert main(["contact-sheet", str(cohort), "--out", str(tmp_path / "sheet.png")]) == 0
    sheet = np.asarray(Image.open(tmp_path / "sheet.png"))
    beside = sheet[4:34, 4 : 4 + 250]
    assert np.array_equal(beside[:, 238:], caption([], 30, "R")[:, 238:])
    assert not np.array_equal(beside[:, 238:], caption([], 30)[:, 238:])


def page_of(cohort: Path, tmp_path: Path) -> str:
    out = tmp_path / "page.html"
    assert main(["view", "PET-A", "--cases", str(cohort), "--out", str(out)]) == 0
    return out.read_text(encoding="utf-8")


def block(page: str, name: str) -> str:
    found = re.search(rf'<script type="[^"]+" id="{name}">([^<]*)</script>', page)
    assert found
    return found[1]


def test_the_page_holds_both_volumes_head_first_and_right_first(
    cohort: Path, tmp_path: Path
) -> None:
    page = page_of(cohort, tmp_path)
    grid = json.loads(block(page, "grid"))
    nx, ny, nz = grid["size"]
    pet, ct = (
        np.frombuffer(gzip.decompress(base64.b64decode(block(page, name))), dtype=np.uint8)
        .reshape(nz, ny, nx)
        for name in ("pet", "ct")
    )  # fmt: skip
    suv, hu = np.array(grid["suv"])[pet], np.array(grid["hu"])[ct]
    z, y, x = (axis.mean() for axis in np.nonzero(suv > 8))
    assert z < nz / 2
    assert x < nx / 2
    assert y < ny / 2
    assert abs(suv.max() - 12) < 0.2
    assert abs(np.median(hu[nz // 4 : -nz // 4, ny // 4 : -ny // 4, nx // 4 : -nx // 4]) - 40) < 2


def test_the_page_loads_nothing_and_runs_nothing_but_its_own_script(
    cohort: Path, tmp_path: Path
) -> None:
    page = page_of(cohort, tmp_path)
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)
    assert policy
    assert policy[1].startswith("default-src 'none'")
    assert "unsafe" not in policy[1]
    assert not re.search(r"\b(src|href|action)\s*=|url\(|@import|https?:", page)
    for tag in ("script", "style"):
        text = re.findall(rf"<{tag}>(.*?)</{tag}>", page, flags=re.DOTALL)
        assert len(text) == 1
        digest = base64.b64encode(hashlib.sha256(text[0].encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy[1]


def test_what_reports_and_case_files_say_is_escaped(cohort: Path, tmp_path: Path) -> None:
    page = page_of(cohort, tmp_path)
    assert "&lt;b&gt;Liver&lt;/b&gt; &lt;/script&gt; normal." in page
    assert "upper &lt;lobe&gt;" in page


def test_every_control_of_the_page_can_be_reached_and_has_a_name(
    cohort: Path, tmp_path: Path
) -> None:
    page = page_of(cohort, tmp_path)
    inputs = re.findall(r'<input type="range" id="([^"]+)"', page)
    assert set(inputs) == set(re.findall(r'<label for="([^"]+)"', page))
    for canvas in re.findall(r"<canvas [^>]+>", page):
        assert 'tabindex="0"' in canvas
        assert "aria-label" in canvas


def test_the_same_case_gives_the_same_page(cohort: Path, tmp_path: Path) -> None:
    assert page_of(cohort, tmp_path) == page_of(cohort, tmp_path)


def test_a_volume_of_any_size_stays_below_fifteen_megabytes() -> None:
    noise = np.random.default_rng(0)
    spacing = np.diag([1.5, 1.5, 1.5, 1.0])
    data = noise.uniform(0, 400, (300, 200, 500)).astype(np.float32)
    shown = page_volumes(Volume(data=data / 20, affine=spacing), Volume(data=data, affine=spacing))
    assert shown.pet.shape == shown.ct.shape
    assert shown.pet.size * 2 * 4 / 3 < 14_500_000


def test_codes_are_finest_where_the_eye_needs_them() -> None:
    assert len(HU_CODES) == len(SUV_CODES) == 256
    assert (np.diff(HU_CODES) > 0).all()
    assert np.diff(HU_CODES)[(HU_CODES[:-1] > -195) & (HU_CODES[:-1] < 290)].max() < 3.1
    assert np.diff(SUV_CODES)[SUV_CODES[:-1] < 5].max() < 0.1


def test_doubts_about_the_volumes_are_one_line_each_and_stop_nothing(
    cohort: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["render", "PET-A", "--cases", str(cohort), "--out", str(tmp_path / "out")]) == 0
    said = capsys.readouterr().err.splitlines()
    assert any("no whole body" in line for line in said)
    assert all(line.startswith("pet2rep: warning: case PET-A: ") for line in said)


def test_a_case_without_volumes_cannot_be_viewed_and_says_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "T-1"
    folder.mkdir()
    (folder / "case.toml").write_text('id = "T-1"\nlanguage = "en"\n')
    (folder / "report.en.txt").write_text("Findings:\nLiver normal.\n")
    for command in (["render"], ["view", "--out", str(tmp_path / "x.html")]):
        assert main([command[0], str(folder), *command[1:]]) == 4
        assert "T-1" in capsys.readouterr().err


def test_a_png_is_the_same_bytes_each_time(cohort: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        main(["render", "PET-A", "--cases", str(cohort), "--out", str(tmp_path / name)])
    first, second = (sorted((tmp_path / name).iterdir()) for name in ("one", "two"))
    assert [p.read_bytes() for p in first] == [p.read_bytes() for p in second]
    assert all(Image.open(io.BytesIO(p.read_bytes())).mode == "RGB" for p in first)
