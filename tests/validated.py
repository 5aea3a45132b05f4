"""Validates artefacts against the JSON Schemas that are shipped."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from pytest_pet2rep.run.schemas import load_schema, schema_names


@cache
def registry() -> Registry[Any]:
    schemas = [load_schema(name) for name in schema_names()]
    return Registry().with_resources(
        (schema["$id"], Resource.from_contents(schema)) for schema in schemas
    )


@cache
def validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(load_schema(name), registry=registry())


def validate(plain: dict[str, Any]) -> None:
    """Hold an artefact against the schema that it names."""
    validator(plain["schema"]).validate(plain)


def validate_files(folder: Path) -> int:
    """Validate every artefact of ours in ``folder``, deep; return how many there were.

    What a test has spoilt on purpose (``SPOILT`` beside it) is left out.
    """
    count = 0
    for path in sorted([*folder.rglob("*.json"), *folder.rglob("cases.jsonl")]):
        if (path.parent / "SPOILT").exists():
            continue
        for plain in _artefacts(path):
            try:
                validate(plain)
            except Exception as why:
                why.add_note(str(path))
                raise
            count += 1
    return count


def _artefacts(path: Path) -> Iterator[dict[str, Any]]:
    try:
        text = path.read_text(encoding="utf-8")
        found = map(json.loads, text.splitlines() if path.suffix == ".jsonl" else [text])
        for plain in found:
            if isinstance(plain, dict) and str(plain.get("schema", "")).startswith("pet2rep/"):
                yield plain
    except (OSError, ValueError):
        return
