"""On which line of a TOML file a key stands; only used once there is an error to report.

The fast parser of the standard library keeps no positions, so a file is parsed a second time,
with tree-sitter, when a message needs a line.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node

_KEY_NODES = ("bare_key", "quoted_key", "dotted_key")


def locate(path: Path, key: str) -> int | None:
    """Return the 1-based line of ``key`` in the TOML file ``path``, or ``None``.

    ``key`` is dotted; the elements of an array are counted from 0 and written either way:
    ``phantom.lesions[1].organ`` or ``phantom.lesions.1.organ``.  A key that is not in the file
    (one that is missing) is placed where the nearest table around it begins.
    """
    lines = key_lines(path)
    wanted = canonical(key)
    while wanted:
        if wanted in lines:
            return lines[wanted]
        wanted = wanted[: max(wanted.rfind("."), wanted.rfind("["), 0)]
    return None


def canonical(key: str) -> str:
    """Write array positions in brackets: ``a.0.b`` becomes ``a[0].b``."""
    return re.sub(r"\.(\d+)(?=\.|\[|$)", r"[\1]", key)


def key_lines(path: Path) -> dict[str, int]:
    """Map every dotted key of a TOML file to its 1-based line; broken stretches are skipped."""
    import tree_sitter_toml
    from tree_sitter import Language, Parser

    tree = Parser(Language(tree_sitter_toml.language())).parse(
        path.read_bytes().removeprefix(b"\xef\xbb\xbf")
    )
    lines: dict[str, int] = {}
    for key, line in _document(tree.root_node):
        lines.setdefault(canonical(key), line)
    return lines


def syntax_error(why: Exception, text: str) -> tuple[str, int | None]:
    """Split the parser's own message into what is wrong and the 1-based line where."""
    message, _, place = str(why).rpartition(" (at ")
    if not message:
        return str(why), None
    found = re.match(r"line (\d+)", place)
    return message, int(found.group(1)) if found else text.rstrip("\n").count("\n") + 1


def _document(root: Node) -> Iterator[tuple[str, int]]:
    elements: dict[str, int] = {}
    for node in root.named_children:
        if node.type == "pair":
            yield from _pair(node, "")
        elif node.type in ("table", "table_array_element"):
            prefix = _header(node, elements)
            yield prefix, _line(node)
            for child in node.named_children:
                if child.type == "pair":
                    yield from _pair(child, prefix)


def _header(node: Node, elements: dict[str, int]) -> str:
    """Dotted prefix of a table; ``elements`` counts what each array of tables has so far."""
    parts = _parts(next(c for c in node.named_children if c.type in _KEY_NODES))
    prefix = ""
    for depth, part in enumerate(parts):
        prefix = f"{prefix}.{part}" if prefix else part
        if depth == len(parts) - 1 and node.type == "table_array_element":
            elements[prefix] = elements.get(prefix, 0) + 1
        if prefix in elements:
            prefix = f"{prefix}[{elements[prefix] - 1}]"
    return prefix


def _pair(node: Node, prefix: str) -> Iterator[tuple[str, int]]:
    name, value = node.named_children[0], node.named_children[-1]
    for part in _parts(name):
        prefix = f"{prefix}.{part}" if prefix else part
        yield prefix, _line(node)
    yield from _value(value, prefix)


def _value(node: Node, prefix: str) -> Iterator[tuple[str, int]]:
    if node.type == "inline_table":
        for child in node.named_children:
            if child.type == "pair":
                yield from _pair(child, prefix)
    elif node.type == "array":
        for index, child in enumerate(c for c in node.named_children if c.type != "comment"):
            yield f"{prefix}[{index}]", _line(child)
            yield from _value(child, f"{prefix}[{index}]")


def _parts(node: Node) -> list[str]:
    if node.type == "dotted_key":
        return [part for child in node.named_children for part in _parts(child)]
    text = (node.text or b"").decode("utf-8", "replace")
    try:
        return list(tomllib.loads(f"{text} = 0")) if node.type == "quoted_key" else [text]
    except tomllib.TOMLDecodeError:
        return [text]


def _line(node: Node) -> int:
    return node.start_point.row + 1
