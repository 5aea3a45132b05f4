"""Importer ``petrg``: the layout of PETRG-3D and AutoPET-RG-Lym.

As in github Jorwnpay/PETRG-3D: ``reports/<id>.json`` with the findings under ``检查所见``, and
``<id>_0000.nii.gz`` (CT, HU) and ``<id>_0001.nii.gz`` (PET, SUV) in a folder of images beside it,
either in the folder itself or in one folder per split (``train``, ``valid``).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pytest_pet2rep.cohorts.casewriter import CaseWriter, NewCase
from pytest_pet2rep.cohorts.importing import ImportOptions, ImportReport, language_of
from pytest_pet2rep.cohorts.jsonlines import text_of
from pytest_pet2rep.cohorts.sections import join_sections
from pytest_pet2rep.cohorts.volumefiles import SUFFIX, find_volumes
from pytest_pet2rep.errors import ImportProblem

FINDINGS_KEY = "检查所见"
IMPRESSION_KEYS = ("影像诊断", "检查意见", "诊断意见", "检查结论")
CHANNELS = {"ct": "_0000", "pet": "_0001"}
"""Numbering of nnU-Net channels: ``<id>_0000`` is the first."""


def import_petrg(source: Path, dest: Path, options: ImportOptions) -> ImportReport:
    """Make every report a case; one without PET or CT is without images, and is listed."""
    splits = [source] if (source / "reports").is_dir() else _splits(source)
    writer = CaseWriter(source, dest, options)
    for split in splits:
        volumes = _volumes(split)
        for path in sorted((split / "reports").glob("*.json")):
            _write(path, volumes.pop(path.stem, {}), writer)
        for study, files in sorted(volumes.items()):
            listed = ", ".join(str(path) for _, path in sorted(files.items()))
            writer.skip(study, f"there is no reports/{study}.json for {listed}")
    return writer.report()


def _splits(source: Path) -> list[Path]:
    splits = sorted(path.parent for path in source.glob("*/reports") if path.is_dir())
    if not splits:
        raise ImportProblem(f"{source} has no folder reports, nor has a folder in it")
    return splits


def _volumes(split: Path) -> dict[str, dict[str, Path]]:
    """Study -> kind -> file, from the channel number at the end of each name."""
    found: dict[str, dict[str, Path]] = {}
    for path in find_volumes(split):
        stem = SUFFIX.sub("", path.name)
        for kind, channel in CHANNELS.items():
            if stem.endswith(channel):
                found.setdefault(stem.removesuffix(channel), {}).setdefault(kind, path)
    return found


def _write(path: Path, volumes: Mapping[str, Path], writer: CaseWriter) -> None:
    try:
        findings, impression = _report(path)
    except ValueError as why:
        writer.skip(str(path), str(why))
        return
    language = language_of(findings, writer.options)
    table: dict[str, Any] = {}
    if set(volumes) == set(CHANNELS):
        table["images"] = {kind: volumes[kind].as_posix() for kind in ("pet", "ct")}
    written = writer.write(
        NewCase(
            original_id=path.stem,
            where=str(path),
            reports={language: join_sections(language, findings, impression)},
            language=language,
            table=table,
            provenance=f"PETRG layout, {path.parent.parent.name}/reports/{path.name}",
        )
    )
    for kind in CHANNELS if written is not None else ():
        if kind not in volumes:
            name = f"{path.stem}{CHANNELS[kind]}.nii.gz"
            writer.miss(f"case {written}", f"no {name} ({kind}): the case is without images")


def _report(path: Path) -> tuple[str, str]:
    """Findings and impression of a report file; raises ``ValueError`` with what is wrong."""
    try:
        fields = json.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as why:
        raise ValueError(f"cannot be read: {why.strerror or why}") from None
    except (ValueError, RecursionError) as why:
        raise ValueError(f"is no JSON in UTF-8 ({why})") from None
    if not isinstance(fields, dict) or FINDINGS_KEY not in fields:
        raise ValueError(f"has no field {FINDINGS_KEY}")
    findings = text_of(fields[FINDINGS_KEY])
    if not findings.strip():
        raise ValueError(f"{FINDINGS_KEY} is empty")
    key = next((key for key in IMPRESSION_KEYS if isinstance(fields.get(key), str)), "")
    return findings, text_of(fields[key]) if key else ""
