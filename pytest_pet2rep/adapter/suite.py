"""The checks themselves: ordinary test functions, collected once per case file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_pet2rep.adapter.desk import Desk

pytestmark = pytest.mark.pet2rep


def test_uptake(pet2rep_organ: str, pet2rep_desk: Desk, request: pytest.FixtureRequest) -> None:
    """The report states the uptake of this organ as the reference does."""
    pet2rep_desk.settle_uptake(request.node, pet2rep_organ)


def test_report(pet2rep_check: str, pet2rep_desk: Desk, request: pytest.FixtureRequest) -> None:
    """The report is usable: written, complete, in the right language, nobody else's."""
    pet2rep_desk.settle_check(request.node, pet2rep_check)


def test_control(pet2rep_control: str, pet2rep_desk: Desk, request: pytest.FixtureRequest) -> None:
    """The report is stable, and hangs on the images: asked for again under a control."""
    pet2rep_desk.settle_control(request.node, pet2rep_control)


def test_text(pet2rep_desk: Desk, request: pytest.FixtureRequest) -> None:
    """The text scores of the report can be computed."""
    pet2rep_desk.settle_text(request.node)
