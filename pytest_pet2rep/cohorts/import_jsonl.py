"""Importer ``pet2rep-jsonl``: the JSON lines in which the authors of PET2Rep keep their cases.

Keys as in the repository of the authors (github YichiZhang98/PET2Rep, ``text_prompt``): the
image list is called ``prompt_image_fuse`` in some files and ``prompt_user_fuse`` in others.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pytest_pet2rep.cohorts.casewriter import CaseWriter, NewCase
from pytest_pet2rep.cohorts.importing import ImportOptions, ImportReport, language_of
from pytest_pet2rep.cohorts.jsonlines import Line, find_field, id_field, read_lines, text_field

ID_FIELDS = ("patient_id", "subject_id", "case_id", "id")
IMAGE_FIELDS = ("prompt_image_fuse", "prompt_user_fuse")
IMAGE_MARK = "<image>"


def import_jsonl(source: Path, dest: Path, options: ImportOptions) -> ImportReport:
    """Make every line of ``source`` a case with exactly its prompt, its images and its report.

    Images stay where they are; a relative path is looked for from ``options.images_root``, from
    the folder of the file, and from the folders above it, in this order.
    """
    writer = CaseWriter(source, dest, options)
    for line in read_lines(source):
        try:
            _write(line, writer)
        except ValueError as why:
            writer.skip(line.place, str(why))
    return writer.report()


def _write(line: Line, writer: CaseWriter) -> None:
    if line.problem:
        raise ValueError(line.problem)
    case_id = id_field(line, ID_FIELDS, writer.options.fields.id)
    reference = text_field(line, ("answer",), writer.options.fields.reference)
    if not reference.strip():
        raise ValueError("the answer is empty")
    user = text_field(line, ("prompt_user_text",))
    system = text_field(line, ("prompt_system",)) if "prompt_system" in line.fields else ""
    paths = _image_paths(line)
    images = [find_image(path, writer.source, writer.options.images_root) for path in paths]
    table: dict[str, Any] = {"prompt": {"system": system, "user": user}}
    if images:
        table["images"] = {"slices": [place.as_posix() for place in images]}
    language = language_of(reference, writer.options)
    written = writer.write(
        NewCase(
            original_id=case_id,
            where=line.place,
            reports={language: reference},
            language=language,
            table=table,
            provenance=f"imported from {writer.source.name}, line {line.number}",
        )
    )
    if written is not None:
        _tell(writer, line, written, images, user)


def _tell(writer: CaseWriter, line: Line, case_id: str, images: list[Path], user: str) -> None:
    for place in images:
        if not place.is_file():
            writer.miss(f"case {case_id}", str(place))
    marks = user.count(IMAGE_MARK)
    if marks and marks != len(images):
        writer.note(line.place, f"the prompt has {marks} {IMAGE_MARK} for {len(images)} images")
    if not images:
        fields = " and no ".join(IMAGE_FIELDS)
        writer.note(line.place, f"there is no {fields}: the case is without images")


def _image_paths(line: Line) -> list[str]:
    name = find_field(line, IMAGE_FIELDS)
    value = line.fields[name] if name else []
    paths = [value] if isinstance(value, str) else value
    if not isinstance(paths, list) or not all(isinstance(p, str) and p.strip() for p in paths):
        raise ValueError(f"{name} must be a list of paths")
    return paths


def find_image(written: str, source: Path, images_root: Path | None) -> Path:
    """Absolute place of an image; the place where it should be, if it is nowhere."""
    path = Path(written.replace("\\", "/"))
    roots = list(_roots(source, images_root))
    places = [Path(os.path.abspath(root / path)) for root in roots]
    return next((place for place in places if place.is_file()), places[0])


def _roots(source: Path, images_root: Path | None) -> Iterator[Path]:
    if images_root is not None:
        yield images_root
    yield from Path(os.path.abspath(source)).parents
