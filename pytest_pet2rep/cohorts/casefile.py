"""One case: ``case.toml`` and the reference reports beside it -> ``Case``.

No image is opened or looked for here: a cohort of a thousand cases loads without its volumes.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pytest_pet2rep.cohorts.expectations import parse_expectations
from pytest_pet2rep.cohorts.keys import CASE, IMAGES, PROMPT
from pytest_pet2rep.cohorts.reports import digest_case, read_reports
from pytest_pet2rep.cohorts.tables import check_table, read_toml, wrong
from pytest_pet2rep.types import Case, CasePrompt, ImageSource, Language

CASE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*", re.ASCII)
VOLUME_SUFFIXES = (".nii", ".nii.gz")
SLICE_SUFFIXES = (".png", ".jpg", ".jpeg")


def load_case(path: Path, *, cohort: str) -> Case:
    """Load the case file ``path`` (``.../<id>/case.toml``); ``cohort`` is the name of its cohort.

    Paths in the file are relative to its folder.  Raises ``CaseFileError``, which names file,
    line and key.
    """
    table, _ = read_toml(path)
    check_table(table, CASE, path)
    _check_id(table["id"], path)
    language = Language(table.get("language", Language.ZH))
    return Case(
        id=table["id"],
        folder=Path(os.path.abspath(path)).parent,
        cohort=cohort,
        sex=table.get("sex", ""),
        age=_number(table.get("age")),
        weight_kg=_number(table.get("weight_kg")),
        height_cm=_number(table.get("height_cm")),
        language=language,
        images=_images(table, path),
        references=read_reports(path, language),
        prompt=_prompt(table.get("prompt"), path),
        expectations=parse_expectations(table.get("expectations", {}), path),
        prior=table.get("prior", False),
        private=table.get("private", True),
        licence=table.get("licence", ""),
        provenance=table.get("provenance", ""),
        digest=digest_case(path),
    )


def _check_id(case_id: str, path: Path) -> None:
    folder = Path(os.path.abspath(path)).parent.name
    if not CASE_ID.fullmatch(case_id):
        message = f"{case_id!r} may hold A-Z a-z 0-9 . _ - only, and begins with a letter or digit"
        raise wrong(path, "id", message)
    if case_id != folder:
        raise wrong(
            path, "id", f"is {case_id!r}, but the folder is named {folder!r}: make them equal"
        )


def _images(table: Mapping[str, Any], path: Path) -> ImageSource:
    images = table.get("images", {})
    check_table(images, IMAGES, path, "images")
    volumes = [key for key in ("pet", "ct") if key in images]
    if len(volumes) == 1:
        raise wrong(path, f"images.{volumes[0]}", "pet and ct go together: give both or neither")
    kinds = [key for key in ("images.pet", "images.slices", "phantom") if _has(table, key)]
    if len(kinds) > 1:
        message = f"a case has one source of images, this one has {kinds[0]} and {kinds[1]}"
        raise wrong(path, kinds[1], message)
    return ImageSource(
        pet=_image(images.get("pet"), VOLUME_SUFFIXES, path, "images.pet"),
        ct=_image(images.get("ct"), VOLUME_SUFFIXES, path, "images.ct"),
        slices=_slices(images, path),
        phantom=table.get("phantom"),
        refused=_outside(images, path),
    )


def _outside(images: Mapping[str, Any], path: Path) -> str:
    """What is wrong with the first relative path that climbs out of the cohort folder, if any.

    It stops this case when its images are asked for, as a missing file would, and no other case.
    """
    named = {f"images.{key}": images[key] for key in ("pet", "ct") if key in images}
    named |= {f"images.slices[{i}]": text for i, text in enumerate(images.get("slices", ()))}
    folder = os.path.abspath(path.parent)
    cohort = os.path.dirname(folder)
    for key, text in named.items():
        place = os.path.abspath(os.path.join(folder, text))
        if not os.path.isabs(text) and os.path.commonpath([place, cohort]) != cohort:
            message = f"{text!r} leaves the cohort folder: copy the file there, or write the whole"
            return str(wrong(path, key, f"{message} path"))
    return ""


def _slices(images: Mapping[str, Any], path: Path) -> tuple[Path, ...]:
    if "slices" in images and not images["slices"]:
        raise wrong(path, "images.slices", "is empty: name the files, or remove the key")
    places = (
        _image(text, SLICE_SUFFIXES, path, f"images.slices[{i}]")
        for i, text in enumerate(images.get("slices", ()))
    )
    return tuple(place for place in places if place is not None)


def _has(table: Mapping[str, Any], key: str) -> bool:
    outer, _, inner = key.partition(".")
    return outer in table and (not inner or inner in table[outer])


def _image(text: str | None, suffixes: tuple[str, ...], path: Path, key: str) -> Path | None:
    """Turn a path as written into an absolute one.

    An absolute path refers to data that stays where it is, which is what importers write.
    """
    if text is None:
        return None
    if not text.lower().endswith(suffixes):
        raise wrong(path, key, f"{text!r} must end in {' or '.join(suffixes)}")
    if "\0" in text:
        raise wrong(path, key, f"{text!r} is not a path")
    if os.path.isabs(text):
        return Path(text)
    return Path(os.path.abspath(path.parent / text))


def _prompt(table: Mapping[str, Any] | None, path: Path) -> CasePrompt | None:
    if table is None:
        return None
    check_table(table, PROMPT, path, "prompt")
    if not table["user"].strip():
        raise wrong(path, "prompt.user", "is empty")
    return CasePrompt(system=table.get("system", ""), user=table["user"])


def _number(value: float | None) -> float | None:
    return None if value is None else float(value)
