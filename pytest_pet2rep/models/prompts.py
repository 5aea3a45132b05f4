"""Prompts: the shipped ones, a user's file, and the report skeleton inside a foreign one."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from pytest_pet2rep.errors import UsageProblem
from pytest_pet2rep.types import Language

_PLACE = "{template}"
_UNBRACKET = str.maketrans("", "", "[]［］【】")
_KEYS = frozenset({"id", "version", "language", "system", "user", "template"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Prompt:
    """What a model is told, apart from the images."""

    id: str
    version: int
    language: Language
    system: str
    user: str
    """The user message, with the template in its place."""
    template: str
    """The report skeleton with its slots: ``[CT finding]`` and ``【uptake】``; may be empty."""

    @property
    def digest(self) -> str:
        """SHA-256 (hexadecimal) over everything that a model is told."""
        told = [self.system, self.user, self.template]
        return hashlib.sha256(json.dumps(told, ensure_ascii=False).encode()).hexdigest()

    @property
    def label(self) -> str:
        """Name, version and the first twelve digits of the digest, for run cards."""
        return f"{self.id}.v{self.version}:{self.digest[:12]}"


def load_prompt(language: Language, path: Path | None = None) -> Prompt:
    """Load the shipped prompt of ``language``, or the prompt file at ``path``.

    A ``.toml`` file holds ``user`` (with ``{template}`` where the report skeleton goes) and, as
    far as wanted, ``template``, ``system``, ``id`` and ``version``; without ``system`` the shipped
    one is used.  Any other file is the user message itself, as text; its skeleton is found by
    :func:`cut_template`.  Raises ``UsageProblem`` for a file that cannot be read or used.
    """
    return _shipped(language) if path is None else _from_file(language, path)


def template_text(prompt: Prompt) -> str:
    """The report skeleton without its brackets: what ``baseline/template`` answers."""
    return without_brackets(prompt.template)


def without_brackets(skeleton: str) -> str:
    """Take the slot brackets out and leave what they hold."""
    return skeleton.translate(_UNBRACKET).strip()


def cut_template(user: str) -> str:
    """The report skeleton in a user message that was not written by us, slots kept.

    It is what follows the last line that announces an example (ends with a colon and says so);
    failing that, what starts with the first line that has a filled uptake slot; else empty.
    """
    lines = user.strip().split("\n")
    announced = [number for number, line in enumerate(lines) if _announces(line)]
    if announced and (rest := "\n".join(lines[announced[-1] + 1 :]).strip()):
        return rest
    for number, line in enumerate(lines):
        if _has_filled_slot(line):
            return "\n".join(lines[number:]).strip()
    return ""


def _announces(line: str) -> bool:
    line = line.strip().lower()
    return line.endswith((":", "：")) and any(word in line for word in _announcing_words())


def _has_filled_slot(line: str) -> bool:
    _, opened, rest = line.partition("【")
    return bool(opened) and not rest.startswith("】") and "】" in rest


def _data() -> Traversable:
    return resources.files("pytest_pet2rep").joinpath("data/prompts")


@cache
def _announcing_words() -> tuple[str, ...]:
    table = tomllib.loads(_data().joinpath("skeleton.toml").read_text(encoding="utf-8"))
    return tuple(table["announcing"])


@cache
def _shipped(language: Language) -> Prompt:
    text = _data().joinpath(f"{language.value}.toml").read_text(encoding="utf-8")
    return _from_table(tomllib.loads(text), language)


def _from_table(table: Mapping[str, Any], language: Language) -> Prompt:
    template = str(table.get("template", "")).strip()
    user = str(table["user"]).strip()
    if _PLACE in user:
        user = user.replace(_PLACE, template)
    elif not template:
        template = cut_template(user)
    return Prompt(
        id=str(table.get("id", "")),
        version=int(table.get("version", 1)),
        language=language,
        system=str(table.get("system", "")).strip(),
        user=user,
        template=template,
    )


def _from_file(language: Language, path: Path) -> Prompt:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as why:
        raise UsageProblem(f"the prompt file {path} cannot be read: {why.strerror}") from why
    except UnicodeDecodeError as why:
        raise UsageProblem(f"the prompt file {path} is not UTF-8 text (byte {why.start})") from why
    table = _checked_table(text, path) if path.suffix == ".toml" else {"user": text}
    if not str(table.get("user", "")).strip():
        raise UsageProblem(f"the prompt file {path} has no user message")
    return _from_table({"id": path.stem, "system": _shipped(language).system, **table}, language)


def _checked_table(text: str, path: Path) -> Mapping[str, Any]:
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as why:
        raise UsageProblem(f"the prompt file {path} is not TOML: {why}") from why
    if unknown := sorted(set(table) - _KEYS):
        raise UsageProblem(
            f"the prompt file {path} has the unknown key {unknown[0]!r}: known are "
            f"{', '.join(sorted(_KEYS))}"
        )
    for key, value in table.items():
        if not isinstance(value, int if key == "version" else str):
            raise UsageProblem(f"the prompt file {path}: {key} has a wrong type")
    if _PLACE in table.get("user", "") and not table.get("template", "").strip():
        raise UsageProblem(f"the prompt file {path}: user has {_PLACE} but there is no template")
    if table.get("template") and _PLACE not in table.get("user", ""):
        raise UsageProblem(f"the prompt file {path}: template is never shown; put {_PLACE} in user")
    return table
