"""How a case is turned into images; importable without numpy."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import cast

from pytest_pet2rep.errors import UsageProblem

ALGORITHM = "planes:2"
"""Changes whenever the same volumes and options would render to other pixels."""


COLORMAPS = ("hot", "gray")


class Views(StrEnum):
    """``FUSED``: one image a plane; ``SEPARATE``: all PET planes, then all CT planes."""

    FUSED = "fused"
    SEPARATE = "separate"


USUAL_SUV_MAX = {Views.FUSED: 5.0, Views.SEPARATE: 15.0}
"""SUV at the upper end of the PET's colours.  5 is read off the published fused demo slices; brain,
kidneys and bladder are white there in everybody, so a PET that stands alone is shown up to 15."""
_THAT_OF_THE_VIEWS = cast(float, None)


class Plane(StrEnum):
    """How the body is cut; ``MIP`` is the largest PET value from front to back, without CT."""

    CORONAL = "coronal"
    AXIAL = "axial"
    SAGITTAL = "sagittal"
    MIP = "mip"

    @property
    def axis(self) -> int:
        """Axis of a volume in RAS order that the planes lie across, or are projected along."""
        return {"sagittal": 0, "coronal": 1, "axial": 2, "mip": 1}[self.value]


class Choice(StrEnum):
    """Which planes are shown; ``UPTAKE``: see ``imaging.uptake``."""

    FRACTIONS = "fractions"
    INDICES = "indices"
    UPTAKE = "uptake"
    ALL = "all"


@dataclass(frozen=True, kw_only=True, slots=True)
class ViewOptions:
    """Every number of the rendering.

    The fused defaults follow the published demo slices of PET2Rep (arXiv 2508.04062): coronal
    planes 90, 100 and 110 of 200, one pixel per voxel, matplotlib's ``hot``, PET weight about 0.45.
    """

    views: Views = Views.FUSED
    plane: Plane = Plane.CORONAL
    choice: Choice = Choice.FRACTIONS
    """``INDICES`` wherever indices are given."""
    fractions: tuple[float, ...] = (0.45, 0.50, 0.55)
    """Positions along the PET grid, 0 to 1: from posterior, from the feet (axial) or from the
    patient's left (sagittal)."""
    indices: tuple[int, ...] = ()
    """PET indices, counted from the same ends; they replace ``fractions`` when given."""
    count: int = 3
    """How many planes ``Choice.UPTAKE`` shows."""
    suv_max: float = _THAT_OF_THE_VIEWS
    """SUV shown at the upper end of the colour map; the lower end is 0.  Without one it is that of
    ``USUAL_SUV_MAX`` for the views."""
    ct_window: tuple[float, float] = (-1000.0, 1000.0)
    """HU shown as black and as white."""
    alpha: float = 0.45
    """Weight of the PET colour in a fused image; CT has the rest."""
    colormap: str = "hot"
    """One of ``COLORMAPS``, for the PET."""
    aspect: bool = False
    """Stretch rows so that a millimetre is as long down as across (demo: off)."""

    def __post_init__(self) -> None:
        if self.suv_max is _THAT_OF_THE_VIEWS:
            object.__setattr__(self, "suv_max", USUAL_SUV_MAX[self.views])
        if self.indices and self.choice is Choice.FRACTIONS:
            object.__setattr__(self, "choice", Choice.INDICES)
        low, high = self.ct_window
        numbers = (*self.fractions, self.suv_max, low, high, self.alpha)
        wrong = [
            (not all(map(math.isfinite, numbers)), "a number is not finite"),
            (self.choice is Choice.FRACTIONS and not self.fractions, "no plane is asked for"),
            (self.choice is Choice.INDICES and not self.indices, "no plane index is given"),
            (
                bool(self.indices) and self.choice is not Choice.INDICES,
                f"plane indices are given, but the choice is {self.choice}",
            ),
            (any(not 0 <= f <= 1 for f in self.fractions), "a plane fraction lies outside 0..1"),
            (any(i < 0 for i in self.indices), "a plane index is negative"),
            (self.count < 1, "count must be at least 1"),
            (not self.suv_max > 0, "suv_max must be above 0"),
            (not low < high, "the CT window must rise"),
            (not 0 <= self.alpha <= 1, "alpha lies outside 0..1"),
            (self.colormap not in COLORMAPS, f"unknown colormap {self.colormap!r}"),
        ]
        for is_wrong, why in wrong:
            if is_wrong:
                raise UsageProblem(f"view options: {why}")


def plane_indices(options: ViewOptions, size: int) -> tuple[int, ...]:
    """Indices to show of a PET grid with ``size`` planes, by fractions, by index, or all.

    A fraction f is the plane ``floor(f * size)``, so that 0.45, 0.50 and 0.55 of 200 planes are
    90, 100 and 110.  Raises ``UsageProblem`` for an index that the grid does not have.
    """
    if options.choice is Choice.ALL:
        return tuple(range(size))
    if options.choice is Choice.FRACTIONS:
        return tuple(min(int(f * size + 1e-9), size - 1) for f in options.fractions)
    if max(options.indices) >= size:
        raise UsageProblem(
            f"plane index {max(options.indices)} asked for, but the PET has {size} "
            f"{options.plane} planes"
        )
    return options.indices


def preprocessing_digest(options: ViewOptions) -> str:
    """SHA-256 of the options and the version of the rendering; part of a run's identity."""
    text = json.dumps({"algorithm": ALGORITHM, **asdict(options)}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
