"""Fenced blocks of the documentation: which run, which commands they hold, which files they show.

A block behind ``<!-- runs -->`` is run by the tests under bash, in the order of its page; behind
``<!-- runs: exit 1 -->`` it has to end with that code.  Blocks of Python or TOML that begin with a
comment of nothing but a file name are written to that file first.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = tuple(
    sorted([*ROOT.glob("README*.md"), ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/**/*.md")])
)
_BLOCK = re.compile(
    r"(?:^ *<!-- runs(?:: exit (?P<code>\d+))?(?P<runs>) -->\n)?"
    r"^(?P<indent> *)```(?P<language>[a-z]*)\n(?P<text>.*?)^ *```$",
    re.MULTILINE | re.DOTALL,
)
_ENDS_OF_A_COMMAND = r"&&|\|(?!\|)|;|\s2?>(?!=)"
_SHELLS = ("bash", "console", "sh", "")


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """One fenced block of a page."""

    language: str
    text: str
    exit_code: int | None
    """What it ends with when it is run; ``None`` for a block that is not run."""

    @property
    def file(self) -> str:
        """Name of the file that it shows, from its first line; empty for none."""
        named = re.match(r"# (\S+\.(?:py|toml))\n", self.text)
        return named[1] if named and self.language in ("python", "toml") else ""

    @property
    def is_synopsis(self) -> bool:
        """Whether it shows a grammar of options instead of a command."""
        return bool(re.search(r"\[--|\b[A-Z]+\|[A-Z]+\b", self.text))


def blocks_of(page: Path) -> tuple[Block, ...]:
    """All fenced blocks of a page, in its order."""
    return tuple(
        Block(
            language=found["language"],
            text=re.sub(rf"^{found['indent']}", "", found["text"], flags=re.MULTILINE),
            exit_code=int(found["code"] or 0) if found["runs"] is not None else None,
        )
        for found in _BLOCK.finditer(page.read_text(encoding="utf-8"))
    )


def commands_of(block: Block) -> Iterator[list[str]]:
    """Words of every ``pytest`` and ``pet2rep`` command of a shell block."""
    if block.language not in _SHELLS or block.is_synopsis:
        return
    joined = re.sub(r"<<'(\w+)'.*?^\1$", "", block.text, flags=re.DOTALL | re.MULTILINE)
    joined = re.sub(r"\\?\n {4,}(?=--)|\\\n", " ", joined)
    for line in joined.splitlines():
        for part in re.split(_ENDS_OF_A_COMMAND, line.removeprefix("$ ")):
            try:
                words = shlex.split(part, comments=True)
            except ValueError:
                continue  # a text line of a block without a language
            words = _without_environment(words)
            if words[:1] and words[0].rpartition("/")[2] in ("pytest", "pet2rep"):
                yield [words[0].rpartition("/")[2], *words[1:]]


def _without_environment(words: list[str]) -> list[str]:
    while words and re.match(r"^[A-Z_][A-Z0-9_]*=", words[0]):
        words = words[1:]
    return words
