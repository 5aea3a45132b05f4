"""Changing the ``[expectations.<organ>]`` tables of a case file and not one byte beside them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_pet2rep.errors import CaseFileError

if TYPE_CHECKING:
    from tree_sitter import Node

Tables = Mapping[str, Mapping[str, Any]]
"""Fine organ id -> keys to set in its table."""

_BOM = b"\xef\xbb\xbf"


def with_expectations(raw: bytes, tables: Tables, path: Path) -> bytes:
    """The case file ``raw`` with ``tables`` in it; keys that they do not set stay as they are.

    A new organ is appended as a table; in a table that stands, values are replaced in place and
    missing keys added at its end.  Line ends, comments and byte order mark are kept.  Raises
    ``CaseFileError`` if ``path`` (for messages) is written in a way that cannot be edited so.
    """
    before = tomllib.loads(raw.decode("utf-8-sig"))
    standing = before.get("expectations", {})
    windows = raw.count(b"\r\n") == raw.count(b"\n") > 0
    edited = raw.replace(b"\r\n", b"\n") if windows else raw
    for organ in tables:
        if organ in standing:
            edited = _edited(edited, organ, tables[organ], path)
    edited = _appended(edited, {o: keys for o, keys in tables.items() if o not in standing})
    edited = edited.replace(b"\n", b"\r\n") if windows else edited
    wanted = {**standing, **{o: {**standing.get(o, {}), **keys} for o, keys in tables.items()}}
    if not _says(edited, {**before, "expectations": wanted}):
        raise CaseFileError(
            "the expectations are not written as tables [expectations.<organ>], so none can be "
            "added: write them so",
            path,
            key="expectations",
        )
    return edited


def _says(raw: bytes, wanted: Mapping[str, Any]) -> bool:
    try:
        return tomllib.loads(raw.decode("utf-8-sig")) == wanted
    except tomllib.TOMLDecodeError:
        return False


def _appended(raw: bytes, tables: Tables) -> bytes:
    if not tables:
        return raw
    import tomli_w

    text = tomli_w.dumps({"expectations": {organ: dict(keys) for organ, keys in tables.items()}})
    gap = b"" if raw.endswith(b"\n") else b"\n"
    return raw + gap + b"\n" + text.encode("utf-8")


def _edited(raw: bytes, organ: str, keys: Mapping[str, Any], path: Path) -> bytes:
    import tree_sitter_toml
    from tree_sitter import Language, Parser

    body = raw.removeprefix(_BOM)
    root = Parser(Language(tree_sitter_toml.language())).parse(body).root_node
    table = next((node for node in root.named_children if _is_table_of(node, organ)), None)
    if table is None:
        raise CaseFileError(
            f"is not written as a table [expectations.{organ}], so it cannot be replaced: write it "
            f"so, or change it by hand",
            path,
            key=f"expectations.{organ}",
        )
    pairs = [node for node in table.named_children if node.type == "pair"]
    values = {_text(pair.named_children[0]): pair.named_children[1] for pair in pairs}
    changes = [
        (values[key].start_byte, values[key].end_byte, _value(value))
        for key, value in keys.items()
        if key in values
    ]
    added = "".join(f"\n{key} = {_value(v)}" for key, v in keys.items() if key not in values)
    end = _end_of_line(body, (pairs or table.named_children)[-1].end_byte)
    changes.append((end, end, added))
    for start, stop, text in sorted(changes, reverse=True):
        body = body[:start] + text.encode("utf-8") + body[stop:]
    return raw[: len(raw) - len(raw.removeprefix(_BOM))] + body


def _end_of_line(body: bytes, position: int) -> int:
    """Where the line of ``position`` ends, behind a comment that belongs to it."""
    return position + len(body[position:].partition(b"\n")[0])


def _is_table_of(node: Node, organ: str) -> bool:
    if node.type != "table":
        return False
    header = _text(node.named_children[0])
    return tomllib.loads(f"{header} = 0") == {"expectations": {organ: 0}}


def _text(node: Node) -> str:
    return (node.text or b"").decode("utf-8")


def _value(value: Any) -> str:
    import tomli_w

    return tomli_w.dumps({"k": value}).removeprefix("k = ").removesuffix("\n")
