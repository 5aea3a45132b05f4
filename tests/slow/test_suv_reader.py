"""Looking is what solves the benchmark: the measuring reader against every floor."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_pet2rep.anatomy import load_profile, roll_up
from pytest_pet2rep.findings.reader import read
from pytest_pet2rep.run.fresh_phantoms import fresh_phantom, images_of_phantom
from pytest_pet2rep.run.suv_reader import read_images
from pytest_pet2rep.types import ABNORMAL_STATES, Language

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]
BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "suv_reader.py"
NEVER_LEARNED_FROM = range(600, 612)


def test_on_the_shipped_cases_it_is_three_tenths_above_blank_swapped_and_unseen_images() -> None:
    done = subprocess.run(
        [sys.executable, str(BENCHMARK), "--repeats", "500"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    value = {name: float(number) for name, number in re.findall(r"  (\S+) +(0\.\d+)", done.stdout)}
    assert value["suv-reader"] > 0.7
    assert value["blanked"] == 0
    assert value["swapped"] < value["template"]


def test_on_subjects_that_it_never_learned_from_most_of_what_it_says_is_so() -> None:
    hits = wrong = missed = 0
    profile = load_profile("pet2rep19")
    for number in NEVER_LEARNED_FROM:
        phantom = fresh_phantom(number)
        text = read_images(images_of_phantom(phantom.spec), Language.EN)
        said = roll_up(read(text, language=Language.EN).states, profile)
        for organ, states in phantom.truth.items():
            true, found = (s.intersection(ABNORMAL_STATES) for s in (states, said[organ]))
            hits += len(true & found)
            wrong += len(found - true)
            missed += len(true - found)
    assert hits >= 20
    assert hits / (hits + wrong) > 0.7
    assert hits / (hits + missed) > 0.6
