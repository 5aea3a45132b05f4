"""How a case is turned into images; importable without numpy."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from enum import StrEnum

from pytest_pet2rep.errors import UsageProblem

ALGORITHM = "coronal-planes:1"
"""Changes whenever the same volumes and options would render to other pixels."""


class Views(StrEnum):
    """``FUSED``: one image a plane; ``SEPARATE``: all PET planes, then all CT planes."""

    FUSED = "fused"
    SEPARATE = "separate"


@dataclass(frozen=True, kw_only=True, slots=True)
class ViewOptions:
    """Every number of the rendering.

    The defaults follow the published demo slices of PET2Rep (arXiv 2508.04062): coronal planes
    90, 100 and 110 of 200, one pixel per voxel, matplotlib's ``hot``, PET weight about 0.45.
    """

    views: Views = Views.FUSED
    fractions: tuple[float, ...] = (0.45, 0.50, 0.55)
    """Positions of the coronal planes along the PET grid, counted from posterior, 0 to 1."""
    indices: tuple[int, ...] = ()
    """Coronal PET indices counted from posterior; they replace ``fractions`` when given."""
    suv_max: float = 5.0
    """SUV shown at the upper end of the colour map; the lower end is 0."""
    ct_window: tuple[float, float] = (-1000.0, 1000.0)
    """HU shown as black and as white."""
    alpha: float = 0.45
    """Weight of the PET colour in a fused image; CT has the rest."""
    colormap: str = "hot"
    """``hot`` or ``gray``, for the PET."""
    aspect: bool = False
    """Stretch rows so that a millimetre is as long down as across (demo: off)."""

    def __post_init__(self) -> None:
        low, high = self.ct_window
        wrong = [
            (not self.fractions and not self.indices, "no plane is asked for"),
            (any(not 0 <= f <= 1 for f in self.fractions), "a plane fraction lies outside 0..1"),
            (any(i < 0 for i in self.indices), "a plane index is negative"),
            (not self.suv_max > 0, "suv_max must be above 0"),
            (not low < high, "the CT window must rise"),
            (not 0 <= self.alpha <= 1, "alpha lies outside 0..1"),
            (self.colormap not in ("hot", "gray"), f"unknown colormap {self.colormap!r}"),
        ]
        for is_wrong, why in wrong:
            if is_wrong:
                raise UsageProblem(f"view options: {why}")


def plane_indices(options: ViewOptions, size: int) -> tuple[int, ...]:
    """Coronal indices to show of a PET grid with ``size`` coronal planes, counted from posterior.

    A fraction f is the plane ``floor(f * size)``, so that 0.45, 0.50 and 0.55 of 200 planes are
    90, 100 and 110.  Raises ``UsageProblem`` for an index that the grid does not have.
    """
    if not options.indices:
        return tuple(min(int(f * size + 1e-9), size - 1) for f in options.fractions)
    if max(options.indices) >= size:
        raise UsageProblem(
            f"plane index {max(options.indices)} asked for, but the PET has {size} coronal planes"
        )
    return options.indices


def preprocessing_digest(options: ViewOptions) -> str:
    """SHA-256 of the options and the version of the rendering; part of a run's identity."""
    text = json.dumps({"algorithm": ALGORITHM, **asdict(options)}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
