"""ce_f1 of ``baseline/suv-reader`` on the shipped cohort, beside what never looks.

    python benchmarks/suv_reader.py [--views fused|separate] [--repeats 2000]

Prints ce_f1 (convention ``paper``, all expectations, ``pet2rep19``, findings) with a two-sided 95 %
percentile interval of a bootstrap over cases, for the reader, for the reader with blanked images,
with the images of another patient, and for the two floors; then what it does per state.  The exit
status is 1 unless the lower bound of the reader is at least 0.3 above every other row.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from pytest_pet2rep.anatomy import load_profile, roll_up
from pytest_pet2rep.cohorts.casefile import load_case
from pytest_pet2rep.cohorts.cohort import find_cohort
from pytest_pet2rep.imaging.options import Views
from pytest_pet2rep.metrics.efficacy import (
    EfficacyRow,
    class_vector,
    classes_of,
    efficacy_counts,
)
from pytest_pet2rep.metrics.efficacy_scores import ce_values
from pytest_pet2rep.models.prompts import load_prompt
from pytest_pet2rep.models.registry import load_provider
from pytest_pet2rep.models.request import build_request, decoding_profile
from pytest_pet2rep.run.assessment import read_scored
from pytest_pet2rep.run.case_images import images_of, view_options
from pytest_pet2rep.run.expectations import expectations_of
from pytest_pet2rep.types import Case, Generation, GenerationRequest, Section, SentImage

PROFILE = load_profile("pet2rep19")
MARGIN = 0.3


def main() -> int:
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--views", type=Views, choices=list(Views), default=Views.FUSED)
    options.add_argument("--repeats", type=int, default=2000)
    chosen = options.parse_args()
    cases = [load_case(path, cohort="shipped") for path in find_cohort(None).case_files]
    images = [images_of(case, view_options(chosen.views)) for case in cases]
    half = len(images) // 2
    rows = {
        "suv-reader": vectors("suv-reader", cases, images),
        "blanked": vectors("suv-reader", cases, [tuple(map(blank, i)) for i in images]),
        "swapped": vectors("suv-reader", cases, images[half:] + images[:half]),
        "template": vectors("template", cases, images),
        "all-normal": vectors("all-normal", cases, images),
    }
    bounds = {name: interval(found, chosen.repeats) for name, found in rows.items()}
    print(f"ce_f1, {len(cases)} cases, views {chosen.views.value}")
    for name, (value, low, high) in bounds.items():
        print(f"  {name:<12} {value:.3f}  [{low:.3f}, {high:.3f}]")
    for state, counts in classes_of(rows["suv-reader"].sum(axis=0).tolist()).items():
        print(f"  {state.value:<12} tp {counts.tp} fp {counts.fp} fn {counts.fn}")
    floor = max(value for name, (value, _, _) in bounds.items() if name != "suv-reader")
    return 0 if bounds["suv-reader"][1] >= floor + MARGIN else 1


def blank(image: SentImage) -> SentImage:
    return replace(image, pixels=np.zeros_like(image.pixels))


def vectors(baseline: str, cases: list[Case], images: list[tuple[SentImage, ...]]) -> np.ndarray:
    """TP, FP, FN per state of each case: shape (cases, 9)."""
    provider = load_provider(f"baseline/{baseline}")
    found = []
    for case, sent in zip(cases, images, strict=True):
        request = request_of(case, sent)
        (reply,) = provider.generate([request])
        text = reply.raw if isinstance(reply, Generation) else None
        found.append(class_vector(efficacy_counts(case_rows(case, text))))
    return np.array(found)


def request_of(case: Case, images: tuple[SentImage, ...]) -> GenerationRequest:
    prompt = load_prompt(case.language, None)
    return build_request(case, prompt, images=images, decoding=decoding_profile("greedy"))


def case_rows(case: Case, text: str | None) -> Iterable[EfficacyRow]:
    reference = read_scored(case.references[case.language], case.language, Section.FINDINGS)
    expected = expectations_of(case, PROFILE, reference.states)
    said = read_scored(text or "", case.language, Section.FINDINGS)
    generated = roll_up(said.states, PROFILE)
    for organ, expectation in expected.items():
        yield EfficacyRow(
            case=case.id,
            organ=organ,
            expected=expectation.states,
            generated=None if text is None else generated[organ],
        )


def interval(found: np.ndarray, repeats: int) -> tuple[float, float, float]:
    rng = np.random.default_rng(0)
    draws = rng.integers(len(found), size=(repeats, len(found)))
    values = [ce_f1(found[draw].sum(axis=0)) for draw in draws]
    low, high = np.percentile(values, [2.5, 97.5])
    return ce_f1(found.sum(axis=0)), float(low), float(high)


def ce_f1(vector: np.ndarray) -> float:
    return float(ce_values(classes_of(vector.tolist()))["ce_f1"] or 0.0)


if __name__ == "__main__":
    raise SystemExit(main())
