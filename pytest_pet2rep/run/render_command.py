"""``pet2rep render``, ``contact-sheet`` and ``view``: what a model sees, for people to look at."""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_pet2rep.cohorts.casefile import load_case
from pytest_pet2rep.cohorts.cohort import Cohort, find_cohort
from pytest_pet2rep.errors import UnknownName, UsageProblem
from pytest_pet2rep.imaging.options import Views
from pytest_pet2rep.types import ABNORMAL_STATES, Case, Side

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CAPTION_WIDTH = 250
LINE_PX = 13
LINE_LETTERS = 40


def render_case(options: argparse.Namespace) -> int:
    """Write the images of one case as PNG files, in the order in which they are sent."""
    from pytest_pet2rep.imaging.pictures import encode_png
    from pytest_pet2rep.run.case_images import images_of, view_options

    case = find_case(options.case, options.cases)
    folder = Path(options.out or case.id)
    _make_folder(folder)
    with _doubts_on_stderr():
        images = images_of(case, view_options(Views(options.views)))
    for number, image in enumerate(images, start=1):
        path = folder / f"{number:02d}_{image.name}.png"
        _write(path, encode_png(image.pixels))
        print(path)
    return 0


def render_sheet(options: argparse.Namespace) -> int:
    """Write one picture with a row for every chosen case: caption, then its images."""
    from pytest_pet2rep.imaging.pictures import contact_sheet, encode_png
    from pytest_pet2rep.run.case_images import images_of, view_options
    from pytest_pet2rep.run.visibility import as_shown

    shown = view_options(Views(options.views))
    cohort = find_cohort(options.cohort)
    rows = []
    for path in _chosen(cohort, options.cases):
        case = as_shown(load_case(path, cohort=cohort.name), shown)
        with _doubts_on_stderr():
            pictures = [image.pixels for image in images_of(case, shown)]
        mark = "" if case.images.slices else "R"
        rows.append([caption(caption_lines(case), pictures[0].shape[0], mark), *pictures])
    _write(options.out, encode_png(contact_sheet(rows)))
    print(f"{options.out}: {len(rows)} cases")
    return 0


def view_case(options: argparse.Namespace) -> int:
    """Write one HTML page in which the volumes of a case can be scrolled and windowed."""
    from pytest_pet2rep.run.case_images import volumes_of
    from pytest_pet2rep.run.view_page import view_page

    case = find_case(options.case, options.cases)
    with _doubts_on_stderr():
        pet, ct = volumes_of(case)
    _write(options.out, view_page(case, pet, ct).encode("utf-8"))
    print(options.out)
    return 0


def find_case(name: str, cohort_path: Path | None) -> Case:
    """Load a case by its id in a cohort (``None``: the shipped one) or by its path.

    Raises ``UnknownName`` with the nearest ids for one that is not there.
    """
    path = Path(name)
    if cohort_path is None and ("/" in name or path.suffix == ".toml" or path.is_dir()):
        cohort = find_cohort(path)
        if len(cohort.case_files) != 1:
            raise UsageProblem(f"{name} holds {len(cohort.case_files)} cases: name one of them")
        return load_case(cohort.case_files[0], cohort=cohort.name)
    cohort = find_cohort(cohort_path)
    return load_case(_chosen(cohort, name)[0], cohort=cohort.name)


def _chosen(cohort: Cohort, ids: str) -> Sequence[Path]:
    """Case files of the comma-separated ids, in their order; all for an empty text."""
    by_id = dict(zip(cohort.case_ids, cohort.case_files, strict=True))
    wanted = [name.strip() for name in ids.split(",") if name.strip()]
    for name in wanted:
        if name not in by_id:
            raise UnknownName("case", name, by_id, f"(cohort {cohort.name})")
    return [by_id[name] for name in wanted] or cohort.case_files


def caption_lines(case: Case) -> list[str]:
    """Id, sex and age of a case, and its abnormal expectations, as ASCII text."""
    age = f"{case.age:g}" if case.age is not None else ""
    lines = [" ".join(word for word in (case.id, case.sex, age) if word)]
    for expectation in case.expectations:
        states = [state.value for state in ABNORMAL_STATES if state in expectation.states]
        if not states:
            continue
        side = "" if expectation.side is Side.NONE else expectation.side.value
        place = (
            expectation.part if side in expectation.part else f"{side} {expectation.part}".strip()
        )
        hidden = ", not in view" if expectation.visible is False else ""
        lines.append(f"{'+'.join(states)} {expectation.organ}")
        lines += [f"   {place}{hidden}"] if place or hidden else []
    if len(lines) == 1:
        lines.append("nothing abnormal stated")
    return [line.encode("ascii", "replace").decode("ascii")[:LINE_LETTERS] for line in lines]


def caption(lines: Sequence[str], height: int, mark: str = "") -> NDArray[np.uint8]:
    """Draw lines of ASCII text: uint8, shape (height, ``CAPTION_WIDTH``, 3); what is too much for
    the height is left out.  ``mark`` stands at the right edge: the side of the patient that lies on
    this side of the picture beside it, whose pixels are left as they are sent.
    """
    import numpy as np
    from PIL import Image, ImageDraw, ImageFont

    picture = Image.new("RGB", (CAPTION_WIDTH, height), (24, 26, 30))
    draw = ImageDraw.Draw(picture)
    font: Any = ImageFont.load_default()
    for number, line in enumerate(lines[: max(1, height // LINE_PX - 1)]):
        colour = (255, 190, 90) if number == 0 else (225, 228, 232)
        draw.text((6, 4 + LINE_PX * number), line, fill=colour, font=font)
    draw.text((CAPTION_WIDTH - 12, height // 2), mark, fill=(225, 228, 232), font=font)
    return np.asarray(picture, dtype=np.uint8)


@contextmanager
def _doubts_on_stderr() -> Iterator[None]:
    """Say what is doubtful about the volumes of a case, one line each, instead of a warning."""
    from pytest_pet2rep.run.case_images import ImagingWarning

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ImagingWarning)
        yield
    for warning in caught:
        print(f"pet2rep: warning: {warning.message}", file=sys.stderr)


def _make_folder(folder: Path) -> None:
    from pytest_pet2rep.store.private_files import private_folder

    try:
        private_folder(folder)
    except OSError as why:
        raise UsageProblem(f"{folder} cannot be made: {why.strerror or why}") from why


def _write(path: Path, content: bytes) -> None:
    """Write a picture or page of a patient: only its owner may read it."""
    from pytest_pet2rep.store.private_files import write_privately

    if not path.parent.is_dir():
        raise UsageProblem(f"{path} cannot be written: there is no folder {path.parent}")
    try:
        write_privately(path, content, sync=False)
    except OSError as why:
        raise UsageProblem(f"{path} cannot be written: {why.strerror or why}") from why
