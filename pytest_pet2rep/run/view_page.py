"""One self-contained HTML page with the volumes of a case: no network, nothing else to keep.

PET and CT are put on one grid of equal steps, cut to the body, and stored as 8-bit codes whose
values the page looks up in a table: finer where the eye needs it (soft tissue, low uptake).
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import html
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from pytest_pet2rep.errors import ImagingError
from pytest_pet2rep.imaging.colours import colour_table
from pytest_pet2rep.imaging.volumes import Volume
from pytest_pet2rep.types import ABNORMAL_STATES, Case, Side

MOST_VOXELS = 5_000_000
"""Of each volume: two of them stay below 14 MB as base64 even if nothing could be compressed."""
LEAST_STEP_MM = 2.0
AIR_HU = -1000.0
BODY_HU = -500.0
SUV_END = 30.0
HU_CODES = np.concatenate(
    [np.linspace(-1000, -200, 40), np.linspace(-197, 300, 166), np.linspace(324, 1500, 50)]
)
SUV_CODES = SUV_END * np.linspace(0, 1, 256) ** 2


@dataclass(frozen=True, kw_only=True, slots=True)
class PageVolumes:
    """Codes of both volumes on the page's grid: uint8, shape (z, y, x), each axis from head,
    anterior and the patient's right; ``step_mm`` in all three.
    """

    pet: NDArray[np.uint8]
    ct: NDArray[np.uint8]
    step_mm: float


def view_page(case: Case, pet: Volume, ct: Volume) -> str:
    """Text of the page; raises ``ImagingError`` if the CT shows no body."""
    shown = page_volumes(pet, ct)
    style, script = _part("page.css"), _part("page.js")
    return _filled(
        _part("page.html"),
        {
            "TITLE": html.escape(case.id),
            "FACTS": html.escape(_facts(case)),
            "EXPECTED": _expected(case),
            "REPORTS": _reports(case),
            "STYLE": style,
            "STYLE_HASH": _hash(style),
            "SCRIPT": script,
            "SCRIPT_HASH": _hash(script),
            "GRID": _grid(shown),
            "PET": _packed(shown.pet),
            "CT": _packed(shown.ct),
        },
    )


def page_volumes(pet: Volume, ct: Volume) -> PageVolumes:
    """Put both volumes on one grid around the body, with steps as small as the page can hold."""
    low, high = _body_box(pet, ct)
    size = high - low
    step = max(LEAST_STEP_MM, float(np.prod(size) / MOST_VOXELS) ** (1 / 3))
    count = np.maximum(np.floor(size / step).astype(int), 1)
    # Grid axes z, y, x run to the feet, to posterior and to the patient's left.
    origin = np.array([high[0], high[1], high[2]]) - step / 2
    to_world = np.zeros((3, 3))
    to_world[0, 2] = to_world[1, 1] = to_world[2, 0] = -step
    shape = (int(count[2]), int(count[1]), int(count[0]))
    suv = _on_grid(pet, to_world, origin, shape, 0.0)
    hu = _on_grid(ct, to_world, origin, shape, AIR_HU)
    return PageVolumes(pet=_codes(suv, SUV_CODES), ct=_codes(hu, HU_CODES), step_mm=step)


def _on_grid(
    volume: Volume,
    to_world: NDArray[np.float64],
    origin: NDArray[np.float64],
    shape: tuple[int, int, int],
    fill: float,
) -> NDArray[np.float32]:
    from scipy.ndimage import affine_transform

    inverse = np.linalg.inv(volume.affine)
    values: NDArray[np.float32] = affine_transform(
        np.nan_to_num(volume.data.astype(np.float32), nan=fill),
        inverse[:3, :3] @ to_world,
        offset=inverse[:3, :3] @ origin + inverse[:3, 3],
        output_shape=shape,
        order=1,
        cval=fill,
    )
    return values


def _body_box(pet: Volume, ct: Volume) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Corners (RAS mm) of what the CT shows of the body within the field of the PET."""
    from scipy.ndimage import binary_opening

    body = binary_opening(ct.data[::2, ::2, ::2] > BODY_HU, iterations=1)
    found = np.argwhere(body) * 2
    if not found.size:
        raise ImagingError("the CT shows no body (nothing above -500 HU): nothing to view")
    corners = np.stack([found.min(axis=0) - 2, found.max(axis=0) + 3])
    box = _world_box(ct.affine, corners)
    field = _world_box(pet.affine, np.stack([np.zeros(3), np.array(pet.data.shape) - 1]))
    low, high = np.maximum(box[0], field[0]), np.minimum(box[1], field[1])
    if (high <= low).any():
        raise ImagingError("PET and CT do not overlap: nothing to view")
    return low, high


def _world_box(
    affine: NDArray[np.float64], corners: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    choice = np.array(list(np.ndindex(2, 2, 2)))
    points = np.stack([corners[choice[:, axis], axis] for axis in range(3)], axis=1)
    world = points @ affine[:3, :3].T + affine[:3, 3]
    return world.min(axis=0), world.max(axis=0)


def _codes(values: NDArray[np.float32], table: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Number of the nearest value of a rising table."""
    codes: NDArray[np.uint8] = np.searchsorted((table[1:] + table[:-1]) / 2, values).astype(
        np.uint8
    )
    return codes


def _grid(shown: PageVolumes) -> str:
    nz, ny, nx = shown.pet.shape
    table = {
        "size": [nx, ny, nz],
        "step_mm": round(shown.step_mm, 3),
        "suv": [round(float(v), 3) for v in SUV_CODES],
        "hu": [round(float(v), 1) for v in HU_CODES],
        "hot": [[round(float(c), 1) for c in row] for row in colour_table("hot")],
    }
    return json.dumps(table, separators=(",", ":"))


def _packed(codes: NDArray[np.uint8]) -> str:
    packed = gzip.compress(np.ascontiguousarray(codes).tobytes(), compresslevel=6, mtime=0)
    return base64.b64encode(packed).decode("ascii")


def _facts(case: Case) -> str:
    known = [
        {"M": "male", "F": "female"}.get(case.sex, ""),
        f"{case.age:g} years" if case.age is not None else "",
        f"{case.height_cm:g} cm" if case.height_cm is not None else "",
        f"{case.weight_kg:g} kg" if case.weight_kg is not None else "",
        case.provenance,
    ]
    return ", ".join(fact for fact in known if fact)


def _expected(case: Case) -> str:
    lines = []
    for expectation in case.expectations:
        states = [s.value for s in ABNORMAL_STATES if s in expectation.states]
        if states:
            side = "" if expectation.side is Side.NONE else expectation.side.value
            place = (
                expectation.part
                if side in expectation.part
                else f"{side} {expectation.part}".strip()
            )
            organ = expectation.organ.replace("_", " ")
            text = f"{organ}: {' and '.join(states)}" + (f" ({place})" if place else "")
            lines.append(f"<li>{html.escape(text)}</li>")
    return f"<ul>{''.join(lines)}</ul>" if lines else "<p>Nothing abnormal is stated.</p>"


def _reports(case: Case) -> str:
    return "\n".join(
        f"<details><summary>Reference report ({language.value})</summary>"
        f'<pre lang="{language.value}">{html.escape(text)}</pre></details>'
        for language, text in sorted(case.references.items())
    )


def _part(name: str) -> str:
    return (resources.files("pytest_pet2rep") / f"data/view/{name}").read_text(encoding="utf-8")


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"sha256-{base64.b64encode(digest).decode('ascii')}"


def _filled(page: str, values: Mapping[str, str]) -> str:
    """Put values in the place of ``{{NAME}}``, each once, never looking inside a value."""
    pieces = page.split("{{")
    return pieces[0] + "".join(
        values[name] + rest for name, rest in (piece.split("}}", 1) for piece in pieces[1:])
    )
