"""The word lists of the report checks, as a digest: another list is another clinical risk."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import resources


@cache
def check_words_digest() -> str:
    """First 8 hex digits of the SHA-256 over the names and bytes of all word lists."""
    folder = resources.files("pytest_pet2rep.findings.checks").joinpath("words")
    digest = hashlib.sha256()
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.is_file():
            digest.update(f"{entry.name}\0".encode() + entry.read_bytes() + b"\0")
    return digest.hexdigest()[:8]
