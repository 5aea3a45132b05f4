"""Learn from where on ``baseline/suv-reader`` calls uptake decreased or absent.

    python benchmarks/suv_reader_thresholds.py [--views fused|separate] [--phantoms 300]

Draws phantoms that are no case of any cohort (``run/fresh_phantoms``), looks at what the reader
would see of them, and prints the thresholds with the best F1, as the lines of ``[hot.<views>]`` and
``[cold.<views>]`` in ``data/suv_reader/thresholds.toml``.  Some five seconds a phantom, and a
minute or two for the hot ones and for each organ that may be cold.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import minimum_filter

from pytest_pet2rep.anatomy import load_profile
from pytest_pet2rep.imaging.options import Views
from pytest_pet2rep.run.fresh_phantoms import FreshPhantom, fresh_phantom, images_of_phantom
from pytest_pet2rep.run.suv_reader.atlas import Expected, expected_on, fit_pose
from pytest_pet2rep.run.suv_reader.foci import clusters, hot_foci, thresholds
from pytest_pet2rep.run.suv_reader.grid import ORGANS
from pytest_pet2rep.run.suv_reader.pixels import measured_planes

SPLIT = ("brain", "liver", "kidneys")
"""Organs in which uptake may be decreased or absent."""
ONLY_DECREASED, ONLY_ABSENT = ("salivary", "bone"), ("pancreas", "spleen", "uterus", "ovaries")
LEVELS = (50, 75, 90)
BELOW = (0.75, 0.9, 1.05, 1.3, 2.5)
RATIOS = (0.4, 0.5, 0.6, 0.7, 0.8)
PIXELS = (3, 4, 6, 8, 11, 15, 20)
CORES = (10, 30, 50)
REACHES, NOISES, PEAKS = (3, 5), (0.3, 0.4, 0.5, 0.6, 0.8), (0.6, 0.8, 1.0, 1.3, 1.6)
ABSENT = (0.0, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45)


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """One phantom as the reader sees it."""

    phantom: FreshPhantom
    sex: str
    suv: NDArray[np.float32]
    expected: Expected


@dataclass(frozen=True, kw_only=True, slots=True)
class Crop:
    """One organ of one sample: relative uptake, where the organ is, uptake over the minimum."""

    ratio: NDArray[np.float32]
    inside: NDArray[np.bool_]
    over_low: NDArray[np.float32]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--views", type=Views, choices=list(Views), default=Views.FUSED)
    parser.add_argument("--phantoms", type=int, default=300)
    chosen = parser.parse_args()
    samples = [sample(number, chosen.views) for number in range(chosen.phantoms)]
    f1, best = learned_hot(samples)
    print(f"{', '.join(f'{key} = {value}' for key, value in best.items())} # F1 {f1:.2f}")
    for organ in (*SPLIT, *ONLY_DECREASED, *ONLY_ABSENT):
        f1, best = learned(samples, organ)
        line = ", ".join(f"{key} = {value}" for key, value in best.items())
        print(f"{organ} = {{ {line} }} # F1 {f1:.2f}")


def sample(number: int, views: Views) -> Sample:
    phantom = fresh_phantom(number)
    planes = measured_planes(images_of_phantom(phantom.spec, views))
    suv = np.stack([plane.suv for plane in planes])
    pose = fit_pose(planes)
    return Sample(phantom=phantom, sex=pose.sex, suv=suv, expected=expected_on(pose, planes))


def learned_hot(samples: list[Sample]) -> tuple[float, dict[str, float]]:
    profile = load_profile("pet2rep19")
    organ_of = {fine: organ.id for organ in profile.organs for fine in organ.fine}
    truths = [
        {organ for organ, states in s.phantom.truth.items() if "increased" in states}
        for s in samples
    ]
    tried = []
    for reach, noise, peak in product(REACHES, NOISES, PEAKS):
        tested = {"reach": reach, "noise": noise, "peak": peak}
        rules = thresholds()["hot"]["shared"] | tested
        said = [
            {organ_of[focus.organ] for focus in hot_foci(s.suv, s.expected, s.sex, rules)}
            for s in samples
        ]
        tried.append((f1_of(truths, said), tested))
    return max(tried, key=lambda one: one[0])


def learned(samples: list[Sample], organ: str) -> tuple[float, dict[str, float]]:
    truths = [
        {lesion.state.value for lesion in s.phantom.spec.lesions if lesion.organ == organ}
        - {"increased"}
        for s in samples
    ]
    tried = []
    for level in LEVELS:
        crops = [crop(s, organ, level) for s in samples]
        for below, ratio in product(BELOW, RATIOS):
            found = [deficits(c, below, ratio) for c in crops]
            for pixels, core, absent in product(PIXELS, CORES, absent_choices(organ)):
                said = [
                    {"absent" if cores[core] < absent else "decreased"
                     for size, cores in case if size >= pixels}
                    for case in found
                ]  # fmt: skip
                tried.append(
                    (f1_of(truths, said),
                     {"level": level, "below": below, "ratio": ratio, "pixels": pixels,
                      "core": core, "absent": absent})
                )  # fmt: skip
    return max(tried, key=lambda one: one[0])


def absent_choices(organ: str) -> tuple[float, ...]:
    if organ in SPLIT:
        return ABSENT
    return (0.0,) if organ in ONLY_DECREASED else (9.0,)


def crop(s: Sample, organ: str, level: int) -> Crop | None:
    inside = s.expected.organ == ORGANS.index(organ)
    if not inside.any():
        return None
    ratio = s.suv / np.maximum(s.expected.mean, 0.3)
    ratio /= np.clip(np.percentile(ratio[inside], level), 0.7, 1.4)
    low = minimum_filter(s.expected.low, size=(1, 3, 3))
    rows, columns = np.nonzero(inside.any(axis=0))
    cut = (slice(None), slice(rows.min(), rows.max() + 1), slice(columns.min(), columns.max() + 1))
    return Crop(ratio=ratio[cut], inside=inside[cut], over_low=(s.suv / np.maximum(low, 0.05))[cut])


def deficits(c: Crop | None, below: float, ratio: float) -> list[tuple[int, dict[int, float]]]:
    """Size and percentiles of every deficit in one organ."""
    return [] if c is None else list(_deficits(c, below, ratio))


def _deficits(c: Crop, below: float, ratio: float) -> Iterator[tuple[int, dict[int, float]]]:
    mask = c.inside & (c.over_low < below) & (c.ratio < ratio)
    for plane, one in clusters(mask, min(PIXELS)):
        values = c.ratio[plane][one]
        yield int(one.sum()), {core: float(np.percentile(values, core)) for core in CORES}


def f1_of(truths: list[set[str]], said: list[set[str]]) -> float:
    hits = sum(len(t & s) for t, s in zip(truths, said, strict=True))
    wrong = sum(len(t ^ s) for t, s in zip(truths, said, strict=True))
    return 2 * hits / max(1, 2 * hits + wrong)


if __name__ == "__main__":
    main()
