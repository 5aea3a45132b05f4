"""Solids have the volumes that geometry gives them, and paint keeps its order."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pytest_pet2rep.phantom.canvas import Canvas, Frame
from pytest_pet2rep.phantom.solids import column, ellipsoid, tube, within
from pytest_pet2rep.phantom.streams import stream
from pytest_pet2rep.phantom.tissues import tissues

AXIS = np.arange(-6, 6.01, 0.1, dtype=np.float32)
FRAME = Frame(x=AXIS, y=AXIS, z=AXIS)
VOXEL = 0.1**3


def canvas() -> Canvas:
    return Canvas(FRAME, FRAME, seed=1)


def painted(*regions, over: tuple[str, ...] = ()) -> float:
    board = canvas()
    board.fill(regions, "liver", over)
    return float((board.labels == tissues()["liver"].number).sum()) * VOXEL


def test_an_ellipsoid_has_its_volume_wherever_it_lies_and_however_it_is_turned() -> None:
    expected = 4 / 3 * math.pi * 3 * 2 * 1.5
    c, s = math.cos(0.5), math.sin(0.5)
    rows = ((c, 0.0, s), (0.0, 1.0, 0.0), (-s, 0.0, c))
    for region in (
        ellipsoid(FRAME, (0, 0, 0), (3, 2, 1.5)),
        ellipsoid(FRAME, (0.7, -1.2, 1.1), (3, 2, 1.5)),
        ellipsoid(FRAME, (0, 0, 0), (3, 2, 1.5), rows),
    ):
        assert painted(region) == pytest.approx(expected, rel=0.02)


def test_a_tube_is_a_cylinder_with_round_ends() -> None:
    regions = list(tube(FRAME, [(0, 0, -2), (0, 0, 0), (0, 0, 2)], [1, 1, 1]))
    assert painted(*regions) == pytest.approx(math.pi * 4 + 4 / 3 * math.pi, rel=0.02)


def test_a_column_has_its_volume() -> None:
    region = column(FRAME, (0.0, 0.0), (2.0, 1.0), (-2.0, 2.0))
    assert painted(region) == pytest.approx(2 * math.pi * 4, rel=0.04)


def test_a_solid_outside_of_the_grid_paints_nothing() -> None:
    assert painted(ellipsoid(FRAME, (30, 0, 0), (2, 2, 2))) == 0


def test_later_paint_covers_earlier_and_over_restricts_it() -> None:
    board = canvas()
    ball = ellipsoid(FRAME, (0, 0, 0), (2, 2, 2))
    board.fill(ball, "fat")
    board.fill(within(ball, FRAME.open(ball.box)[0] > 0), "liver")
    board.fill(ellipsoid(FRAME, (0, 0, 0), (4, 4, 4)), "spleen", over=("fat",))
    numbers = set(np.unique(board.labels))
    assert numbers == {tissues()[n].number for n in ("air", "liver", "spleen")}


def test_named_streams_do_not_depend_on_each_other() -> None:
    first = stream(7, "liver").normal(size=3)
    stream(7, "spleen").normal(size=100)
    assert np.array_equal(first, stream(7, "liver").normal(size=3))
    assert not np.array_equal(first, stream(8, "liver").normal(size=3))


def test_an_organ_varies_within_its_limits() -> None:
    for seed in range(40):
        shift, factor = Canvas(FRAME, FRAME, seed).vary("spleen", 0.4, 0.1)
        assert np.abs(shift).max() <= 0.4
        assert 0.9 <= factor <= 1.1
