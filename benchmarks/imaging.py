"""One case from files to its three coronal planes, against the libraries people use; and a phantom.

    python benchmarks/imaging.py [--repeats 3]

PET 200 x 200 x 350 int16 with a slope and CT 512 x 512 x 400 int16, both .nii.gz, made of shipped
phantoms, which compress as patients do; and the same CT tilted by 3 degrees.  Every pipeline runs
in a process of its own, in turns; seconds are processor time without imports, memory is the peak of
the whole process.  "checked" is what happens to a user's files: the planes, and whether the volumes
look like PET and CT of one body, in the same pass.

Goals, straight and tilted: at most 0.75 of the time that SimpleITK, which checks nothing, takes for
the same files (with isal, which comes with the package); at most 100 MiB, checked or not; planes
equal to 1e-3 HU.  A phantom in at most 2 s and 600 MB.  The exit status is 1 where one is missed.
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
STRAIGHT, TILTED = "ct.nii.gz", "tilted.nii.gz"
Pipeline = Callable[[Path], list[np.ndarray]]
PET_STEP, CT_STEP = (4.07, 4.07, 3.0), (0.98, 0.98, 2.6)


def make_files(folder: Path) -> None:
    """Sample a phantom on the two grids, with the noise of the scanners on them."""
    import nibabel as nib
    from scipy.ndimage import affine_transform

    from pytest_pet2rep.phantom.spec import parse_phantom
    from pytest_pet2rep.phantom.synthesis import synthesise

    made = synthesise(parse_phantom({"seed": 1, "sex": "M"}))
    rng = np.random.default_rng(1)
    for name, data, own, shape, step, noise, slope in (
        ("pet", made.pet, made.pet_affine, (200, 200, 350), PET_STEP, 0.02, 1 / 512),
        ("ct", made.ct, made.ct_affine, (512, 512, 400), CT_STEP, 12.0, 1.0),
    ):
        affine = np.diag([*step, 1.0])
        affine[:2, 3] = [-(n - 1) / 2 * mm for n, mm in zip(shape[:2], step[:2], strict=True)]
        move = np.linalg.inv(own) @ affine
        values = affine_transform(
            data.astype(np.float32), move[:3, :3], move[:3, 3], shape, order=1, mode="nearest"
        )
        values += rng.normal(0, noise, shape).astype(np.float32) * (values > values.min() + noise)
        image = nib.Nifti1Image(np.rint(values / slope).astype(np.int16), affine)
        image.header.set_slope_inter(slope, 0)
        image.to_filename(folder / f"{name}.nii.gz")
    turn = np.eye(4)
    turn[1:3, 1:3] = [[np.cos(0.05), -np.sin(0.05)], [np.sin(0.05), np.cos(0.05)]]
    nib.Nifti1Image(np.asarray(image.dataobj), turn @ affine).to_filename(folder / "tilted.nii.gz")


def planes_of(folder: Path, ct: str) -> list[np.ndarray]:
    """Everything up to the pictures; the planes are kept for the comparison."""
    from pytest_pet2rep.imaging import rendering

    planes: list[np.ndarray] = []
    sample = rendering.sample_plane

    def kept(*arguments: Any) -> np.ndarray:
        planes.append(sample(*arguments))
        return planes[-1]

    rendering.sample_plane = kept
    rendering.render_files(folder / "pet.nii.gz", folder / ct)
    rendering.sample_plane = sample
    return planes


def ours(folder: Path) -> list[np.ndarray]:
    return planes_of(folder, STRAIGHT)


def ours_tilted(folder: Path) -> list[np.ndarray]:
    return planes_of(folder, TILTED)


def without_isal(pipeline: Pipeline) -> Pipeline:
    def run(folder: Path) -> list[np.ndarray]:
        sys.modules["isal.igzip"] = None  # type: ignore[assignment]
        return pipeline(folder)

    return run


def checked(ct: str, **options: str) -> Pipeline:
    def run(folder: Path) -> list[np.ndarray]:
        from pytest_pet2rep.imaging.checked_files import render_checked_files
        from pytest_pet2rep.imaging.view_arguments import view_options_from

        render_checked_files(folder / "pet.nii.gz", folder / ct, view_options_from(options))
        return []

    return run


def inflation(folder: Path) -> list[np.ndarray]:
    """Do nothing but inflate both files: what no reader of them can beat."""
    from isal import igzip

    buffer = bytearray(2**19)
    for name in ("pet", "ct"):
        with igzip.open(folder / f"{name}.nii.gz", "rb") as stream:
            while stream.readinto(buffer):
                pass
    return []


def simpleitk(folder: Path, name: str = "ct.nii.gz") -> list[np.ndarray]:
    import SimpleITK as sitk  # noqa: N813

    pet, ct = (sitk.ReadImage(str(folder / name)) for name in ("pet.nii.gz", name))
    _place(ct, folder / name)
    resampled = sitk.Resample(ct, pet, sitk.Transform(), sitk.sitkLinear, -1000.0, sitk.sitkFloat32)
    array = sitk.GetArrayFromImage(resampled).transpose(2, 1, 0)
    return [array[:, j] for j in PLANES]


def _place(image: Any, path: Path) -> None:
    """Give a tilted image the affine of its file: ITK rounds it, which moves voxels by microns."""
    import nibabel as nib

    affine = np.diag([-1.0, -1.0, 1.0, 1.0]) @ nib.load(path).affine  # RAS to ITK's LPS
    step = np.sqrt((affine[:3, :3] ** 2).sum(axis=0))
    image.SetSpacing(step.tolist())
    image.SetDirection((affine[:3, :3] / step).ravel().tolist())
    image.SetOrigin(affine[:3, 3].tolist())


def simpleitk_tilted(folder: Path) -> list[np.ndarray]:
    return simpleitk(folder, TILTED)


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


PIPELINES: dict[str, Pipeline] = {
    "ours": ours, "ours, zlib": without_isal(ours), "ours, checked": checked(STRAIGHT),
    "ours, by uptake": checked(STRAIGHT, choice="uptake"), "SimpleITK": simpleitk,
    "ours, tilted": ours_tilted, "ours, tilted, zlib": without_isal(ours_tilted),
    "ours, tilted, checked": checked(TILTED), "SimpleITK, tilted": simpleitk_tilted,
    "nibabel + scipy": nibabel_scipy, "inflation alone": inflation, "phantom": phantom,
}  # fmt: skip
OURS = ("ours", "ours, checked", "ours, tilted", "ours, tilted, checked")
"""The pipelines that may hold 100 MiB."""


def peer_of(pipeline: str) -> str:
    return "SimpleITK, tilted" if "tilted" in pipeline else "SimpleITK"


def measure_here(name: str, folder: Path) -> None:
    """Time the second of two passes, as the first one imports; memory is that of the first."""
    planes = PIPELINES[name](folder)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    start = time.process_time()
    PIPELINES[name](folder)
    seconds = time.process_time() - start
    if planes:
        np.save(folder / f"{name}.npy", np.stack(planes))
    print(json.dumps({"seconds": seconds, "peak_mib": peak}))


def run(name: str, folder: Path) -> dict[str, float]:
    command = [sys.executable, __file__, "--inside", name, str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    measured: dict[str, float] = json.loads(done.stdout)
    return measured


def measure_all(folder: Path, repeats: int) -> dict[str, dict[str, float]]:
    """Least seconds and largest memory of each pipeline; in turns, as other load comes and goes."""
    rounds = [{name: run(name, folder) for name in PIPELINES} for _ in range(repeats)]
    return {
        name: {
            "seconds": min(r[name]["seconds"] for r in rounds),
            "peak_mib": max(r[name]["peak_mib"] for r in rounds),
        }
        for name in PIPELINES
    }


def missed(results: dict[str, dict[str, float]], worst: float) -> list[str]:
    made = results["phantom"]
    goals = {
        "planes equal to 1e-3 HU": worst <= 1e-3,
        "a phantom in 2 s": made["seconds"] <= 2,
        "a phantom in 600 MB": made["peak_mib"] <= 600,
    }
    for name in ("ours", "ours, tilted"):
        least = 0.75 * results[peer_of(name)]["seconds"]
        goals[f"0.75 of SimpleITK's time ({name})"] = results[name]["seconds"] <= least
    for name in OURS:
        goals[f"100 MiB ({name})"] = results[name]["peak_mib"] <= 100
    return [goal for goal, reached in goals.items() if not reached]


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
        measure_here(options.inside[0], Path(options.inside[1]))
        return 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # In a process of its own: a child's peak memory starts from that of its parent.
        subprocess.run([sys.executable, __file__, "--make", name], check=True)
        results = measure_all(folder, options.repeats)
        pairs = [
            [np.load(folder / f"{p}.npy") for p in (name, peer_of(name))]
            for name in ("ours", "ours, tilted")
        ]
    for pipeline, result in results.items():
        peer = results[peer_of(pipeline)]
        ratios = [result[key] / peer[key] for key in ("seconds", "peak_mib")]
        print(
            f"{pipeline:22} {result['seconds']:6.2f} s  {result['peak_mib']:6.0f} MiB"
            f"   of SimpleITK: time {ratios[0]:5.2f}, memory {ratios[1]:5.2f}"
        )
    worst = max(float(np.abs(mine - theirs).max()) for mine, theirs in pairs)
    print(f"largest difference to SimpleITK: {worst:.1e} HU")
    unreached = missed(results, worst)
    print("missed: " + ", ".join(unreached) if unreached else "all goals reached")
    return int(bool(unreached))


if __name__ == "__main__":
    sys.exit(main())
