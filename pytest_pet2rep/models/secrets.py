"""Keys have no place in a record: what others' errors quote of them is struck out."""

from __future__ import annotations

import os
from collections.abc import Mapping

_NAMES = ("KEY", "TOKEN", "SECRET", "PASSWORD")
_SHORTEST = 8
"""Shorter values would be found in ordinary words."""


def without_secrets(text: str, environment: Mapping[str, str] = os.environ) -> str:
    """``text`` without the values of environment variables that are named like secrets.

    Those whose name ends in ``KEY``, ``TOKEN``, ``SECRET`` or ``PASSWORD`` (``HF_TOKEN``,
    ``OPENAI_API_KEY``), in any case, and whose value has eight characters or more.
    """
    secrets = {
        value
        for name, value in environment.items()
        if name.upper().endswith(_NAMES) and len(value) >= _SHORTEST
    }
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, "***")
    return text
