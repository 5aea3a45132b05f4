"""Small PET/CT studies as DICOM files, as a scanner might write them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian

STUDY = "1.2.826.0.1.3680043.99.1"
PT, CT = "1.2.840.10008.5.1.4.1.1.128", "1.2.840.10008.5.1.4.1.1.2"
FRAME = f"{STUDY}.777001"
TRACER = {
    "RadionuclideTotalDose": 400e6,
    "RadionuclideHalfLife": 6600.0,
    "RadiopharmaceuticalStartTime": "080000",
}
HEADER = {
    "PatientSex": "M",
    "PatientAge": "061Y",
    "PatientWeight": 80,
    "PatientSize": 1.8,
    "SeriesDate": "20210305",
    "SeriesTime": "095000",
    "AcquisitionDate": "20210305",
    "AcquisitionTime": "095000",
}
PET = {
    "Units": "BQML",
    "DecayCorrection": "START",
    "CorrectedImage": ["DECY", "ATTN", "SCAT", "NORM"],
    "ActualFrameDuration": 120000,
    "FrameReferenceTime": 0,
}
"""80 kg, 400 MBq, one half-life (6,600 s) from injection to scan: 4e-4 SUV per Bq/mL."""


@dataclass(kw_only=True)
class Made:
    """One series to be written; ``values`` are SUV-free stored values x slope."""

    modality: str
    stored: np.ndarray
    """Stored values, shape (slices, rows, columns)."""
    slopes: list[float]
    intercept: float = 0.0
    spacing: tuple[float, float] = (10.0, 10.0)
    origin: tuple[float, float, float] = (-55.0, -55.0, 0.0)
    step: tuple[float, float, float] = (0.0, 0.0, 10.0)
    orientation: tuple[float, ...] = (1, 0, 0, 0, 1, 0)
    number: int = 2
    study: str = STUDY
    header: dict[str, Any] = field(default_factory=dict)
    tracer: dict[str, Any] = field(default_factory=dict)
    private: dict[tuple[int, str, int, str], Any] = field(default_factory=dict)
    """(group, creator, element, VR) -> value."""
    per_slice: dict[str, list[Any]] = field(default_factory=dict)

    def datasets(self) -> list[Dataset]:
        """One data set per slice, in order of position; header values may break the standard."""
        with pydicom.config.disable_value_validation():
            return [self._dataset(k) for k in range(len(self.stored))]

    def write(self, folder: Path, order: list[int] | None = None) -> list[Path]:
        """Write the slices, named in the order given; return their paths by position."""
        folder.mkdir(parents=True, exist_ok=True)
        names = order or list(range(len(self.stored)))
        paths = []
        for k, data in enumerate(self.datasets()):
            path = folder / f"{self.modality}-{self.number}-{names[k]:03d}.dcm"
            with pydicom.config.disable_value_validation():
                data.save_as(path, enforce_file_format=True)
            paths.append(path)
        return paths

    def _dataset(self, k: int) -> Dataset:
        data = Dataset()
        data.file_meta = FileMetaDataset()
        data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        data.SpecificCharacterSet = "ISO_IR 192"
        data.SOPClassUID = PT if self.modality == "PT" else CT
        data.SOPInstanceUID = f"{self.study}.{self.number}.{k + 100}"
        data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID
        data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID
        data.StudyInstanceUID = self.study
        data.SeriesInstanceUID = f"{self.study}.{self.number}"
        data.FrameOfReferenceUID = FRAME
        data.SeriesNumber, data.Modality = self.number, self.modality
        data.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
        data.ImagePositionPatient = [o + k * s for o, s in zip(self.origin, self.step, strict=True)]
        data.ImageOrientationPatient = list(self.orientation)
        data.PixelSpacing = list(self.spacing)
        data.RescaleSlope, data.RescaleIntercept = self.slopes[k], self.intercept
        _pixels(data, self.stored[k])
        extra = HEADER | (PET if self.modality == "PT" else {}) | self.header
        extra |= {key: values[k] for key, values in self.per_slice.items()}
        for key, value in extra.items():
            if value is not None:
                setattr(data, key, value)
        if self.modality == "PT":
            tracer = Dataset()
            for key, value in (TRACER | self.tracer).items():
                if value is not None:
                    setattr(tracer, key, value)
            data.RadiopharmaceuticalInformationSequence = Sequence([tracer])
        for (group, creator, element, vr), value in self.private.items():
            data.private_block(group, creator, create=True).add_new(element, vr, value)
        return data


def a_pet(**changes: Any) -> Made:
    """12 x 12 x 6 voxels of 10 mm; a body of 2,500 Bq/mL (1 SUV), one voxel of 12,500 (5 SUV)."""
    stored = np.where(_cylinder(12), 1000, 0)[None].repeat(6, axis=0).astype(np.uint16)
    stored[4, 3, 7] = 5000
    made = {"modality": "PT", "stored": stored, "slopes": [2.5] * 6, "number": 2}
    return Made(**(made | changes))


def a_ct(**changes: Any) -> Made:
    """24 x 24 x 6 voxels of 5 x 5 x 10 mm: a body of 40 HU in air."""
    stored = np.where(_cylinder(24), 1064, 24)[None].repeat(6, axis=0).astype(np.uint16)
    made = {
        "modality": "CT",
        "stored": stored,
        "slopes": [1.0] * 6,
        "intercept": -1024.0,
        "spacing": (5.0, 5.0),
        "origin": (-57.5, -57.5, 0.0),
        "number": 1,
    }
    return Made(**(made | changes))


def rewrite(path: Path, **values: Any) -> None:
    """Change attributes of a written file; ``None`` removes one."""
    data = pydicom.dcmread(path)
    for key, value in values.items():
        if value is None:
            delattr(data, key)
        else:
            setattr(data, key, value)
    data.save_as(path)


def _cylinder(n: int) -> np.ndarray:
    at = (np.arange(n) - (n - 1) / 2) / n
    return np.hypot(*np.meshgrid(at, at, indexing="ij")) < 0.42


def _pixels(data: Dataset, plane: np.ndarray) -> None:
    data.Rows, data.Columns = plane.shape
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.BitsAllocated, data.BitsStored, data.HighBit = 16, 16, 15
    data.PixelRepresentation = int(plane.dtype.kind == "i")
    data.PixelData = np.ascontiguousarray(plane).tobytes()
