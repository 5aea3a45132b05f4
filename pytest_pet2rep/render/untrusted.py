"""Making text that a model wrote harmless to show; it is evidence, never an instruction."""

from __future__ import annotations

import unicodedata

_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
"""Unicode categories that can move the cursor, reorder text, hide, or break a line."""


def terminal_safe(text: str, *, line_feeds: bool = False) -> str:
    r"""Show every invisible character of ``text`` as its escape, e.g. ``\x1b`` or ``\u202e``.

    That covers control characters (so colour and cursor sequences become inert), direction marks,
    zero-width characters, line separators, private use and halves of surrogate pairs.  With
    ``line_feeds`` a line feed stays what it is.
    """
    if text.isprintable():
        return text
    return "".join(c if _harmless(c) or (line_feeds and c == "\n") else _escape(c) for c in text)


def _harmless(character: str) -> bool:
    return character.isprintable() or unicodedata.category(character) not in _INVISIBLE


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
