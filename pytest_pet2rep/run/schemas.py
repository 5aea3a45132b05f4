"""The published JSON Schemas (draft 2020-12) of everything that is written as JSON.

``data/schemas/NAME-1.json`` has the id ``urn:pet2rep:NAME:1``; an artefact names its schema as
``pet2rep/NAME/1``.
"""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any

from pytest_pet2rep.errors import UnknownName

_FOLDER = "data/schemas"


@cache
def schema_names() -> tuple[str, ...]:
    """Return the names of all schemas, as artefacts name them, sorted."""
    entries = resources.files("pytest_pet2rep").joinpath(_FOLDER).iterdir()
    stems = (entry.name.removesuffix(".json") for entry in entries if entry.name.endswith(".json"))
    return tuple(sorted(f"pet2rep/{stem.replace('-', '/')}" for stem in stems))


@cache
def load_schema(name: str) -> dict[str, Any]:
    """Return the schema that artefacts name ``name``, e.g. ``pet2rep/run/1``.

    Raises ``UnknownName``.
    """
    if name not in schema_names():
        raise UnknownName("schema", name, schema_names())
    stem = name.removeprefix("pet2rep/").replace("/", "-")
    source = resources.files("pytest_pet2rep").joinpath(f"{_FOLDER}/{stem}.json")
    schema: dict[str, Any] = json.loads(source.read_text(encoding="utf-8"))
    return schema
