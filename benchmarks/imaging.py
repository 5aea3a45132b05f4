"""One case from files to its three coronal planes, against the libraries people use; and a phantom.

    python benchmarks/imaging.py [--repeats 3]

PET 200 x 200 x 350 float32 and CT 512 x 512 x 400 int16, both .nii.gz.  Every pipeline runs in a
process of its own; processor seconds are the best of the repeats, memory is the peak of the whole
process.  The exit status is 1 if planes differ by more than 1e-3 HU, or a phantom
takes more than 2 s or 600 MB.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

PLANES = (90, 100, 110)
PET_STEP, CT_STEP = (4.07, 4.07, 3.0), (0.98, 0.98, 2.6)


def make_files(folder: Path) -> None:
    import nibabel as nib

    rng = np.random.default_rng(1)
    for name, shape, step, dtype in (
        ("pet", (200, 200, 350), PET_STEP, np.float32),
        ("ct", (512, 512, 400), CT_STEP, np.int16),
    ):
        coarse = rng.uniform(-1000, 1500, [n // 8 + 1 for n in shape])
        data = coarse.repeat(8, 0).repeat(8, 1).repeat(8, 2)[: shape[0], : shape[1], : shape[2]]
        data = data + rng.integers(-20, 20, shape)
        affine = np.diag([*step, 1.0])
        affine[:3, 3] = [-(n - 1) / 2 * s for n, s in zip(shape, step, strict=True)]
        if name == "pet":
            data = np.abs(data) / 300
        nib.save(nib.Nifti1Image(data.astype(dtype), affine), folder / f"{name}.nii.gz")


def ours(folder: Path) -> list[np.ndarray]:
    from pytest_pet2rep.imaging.planes import sample_plane
    from pytest_pet2rep.imaging.volumes import load_volume

    pet, ct = (load_volume(folder / f"{name}.nii.gz") for name in ("pet", "ct"))
    return [sample_plane(ct, pet, j) for j in PLANES]


def simpleitk(folder: Path) -> list[np.ndarray]:
    import SimpleITK as sitk  # noqa: N813

    pet, ct = (sitk.ReadImage(str(folder / f"{name}.nii.gz")) for name in ("pet", "ct"))
    resampled = sitk.Resample(ct, pet, sitk.Transform(), sitk.sitkLinear, -1000.0, sitk.sitkFloat32)
    array = sitk.GetArrayFromImage(resampled).transpose(2, 1, 0)
    return [array[:, j] for j in PLANES]


def nibabel_scipy(folder: Path) -> list[np.ndarray]:
    import nibabel as nib
    from scipy.ndimage import affine_transform

    pet, ct = (nib.load(folder / f"{name}.nii.gz") for name in ("pet", "ct"))
    move = np.linalg.inv(ct.affine) @ pet.affine
    data = affine_transform(
        ct.get_fdata(dtype=np.float32), move[:3, :3], move[:3, 3], pet.shape, order=1, cval=-1000
    )
    pet.get_fdata(dtype=np.float32)
    return [data[:, j] for j in PLANES]


def phantom(_: Path) -> list[np.ndarray]:
    from pytest_pet2rep.phantom.spec import parse_phantom
    from pytest_pet2rep.phantom.synthesis import synthesise

    synthesise(parse_phantom({"seed": 1, "sex": "M"}))
    return []


PIPELINES: dict[str, Callable[[Path], list[np.ndarray]]] = {
    "ours": ours, "SimpleITK": simpleitk, "nibabel + scipy": nibabel_scipy, "phantom": phantom,
}  # fmt: skip


def measure_here(name: str, folder: Path, repeats: int) -> None:
    seconds = []
    for _ in range(repeats):
        start = time.process_time()
        planes = PIPELINES[name](folder)
        seconds.append(time.process_time() - start)
    if planes:
        np.save(folder / f"{name}.npy", np.stack(planes))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": min(seconds), "peak_mib": peak}))


def run(name: str, folder: Path, repeats: int) -> dict[str, Any]:
    command = [sys.executable, __file__, "--inside", name, str(folder), "--repeats", str(repeats)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    measured: dict[str, Any] = json.loads(done.stdout)
    return measured


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--inside", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--make", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.make:
        make_files(options.make)
        return 0
    if options.inside:
        measure_here(options.inside[0], Path(options.inside[1]), options.repeats)
        return 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # In a process of its own: a child's peak memory starts from that of its parent.
        subprocess.run([sys.executable, __file__, "--make", name], check=True)
        results = {p: run(p, folder, options.repeats) for p in PIPELINES}
        planes = {p: np.load(folder / f"{p}.npy") for p in PIPELINES if p != "phantom"}
    for pipeline, result in results.items():
        print(f"{pipeline:16} {result['seconds']:6.2f} s  {result['peak_mib']:6.0f} MiB")
    worst = float(np.abs(planes["ours"] - planes["SimpleITK"]).max())
    print(f"largest difference to SimpleITK: {worst:.1e} HU")
    made = results["phantom"]
    return int(worst > 1e-3 or made["seconds"] > 2 or made["peak_mib"] > 600)


if __name__ == "__main__":
    sys.exit(main())
