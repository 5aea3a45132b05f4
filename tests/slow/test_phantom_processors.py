"""Another processor makes the same phantoms: all but a few voxels, and every word of the case."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pytest_pet2rep.phantom.synthesis import SUV_STEP

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
MAKE = """
import json, sys
import numpy as np
from pytest_pet2rep.phantom.cohort import case_files, measured_case
from pytest_pet2rep.phantom.synthesis import synthesise
from pytest_pet2rep.phantom.truth import contradictions
measured = measured_case(sys.argv[1])
made = synthesise(measured.spec)
facts = [sorted(case_files(measured).items()), [contradictions(f) for f in measured.findings]]
info = np.show_config(mode="dicts")["SIMD Extensions"]
np.savez(sys.argv[2], pet=made.pet, ct=made.ct, facts=json.dumps(facts),
         enabled=json.dumps(info.get("found", [])))
"""


def vector_features() -> list[str]:
    return list(np.show_config(mode="dicts")["SIMD Extensions"].get("found", []))


def made_with(case_id: str, path: Path, **environment: str) -> dict[str, np.ndarray]:
    subprocess.run(
        [sys.executable, "-c", MAKE, case_id, str(path)],
        check=True, env={**os.environ, **environment},
    )  # fmt: skip
    return dict(np.load(path))


@pytest.mark.skipif(not vector_features(), reason="numpy has nothing to switch off here")
@pytest.mark.parametrize("case_id", ["PET-0002", "PET-0042", "PET-0065"])
def test_a_phantom_without_vector_units_is_the_same_to_a_step(tmp_path: Path, case_id: str) -> None:
    usual = made_with(case_id, tmp_path / "usual.npz")
    plain = made_with(
        case_id, tmp_path / "plain.npz",
        NPY_DISABLE_CPU_FEATURES=" ".join(vector_features()), OPENBLAS_CORETYPE="Nehalem",
    )  # fmt: skip
    assert str(plain["enabled"]) == "[]"
    assert str(plain["facts"]) == str(usual["facts"])
    for name, step in (("pet", SUV_STEP), ("ct", 1)):
        apart = np.abs(plain[name].astype(np.float64) - usual[name]) / step
        assert apart.max() <= 1, name
        assert (apart > 0).mean() <= 1e-4, name
