"""Raw texts of models, each in a file that is named by what is in it.

``texts/3f/3f9a….txt`` holds the text whose SHA-256 (of its UTF-8 bytes) begins with 3f9a.  Equal
texts share a file; a file whose content is not what its name says is as if it were not there.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from pytest_pet2rep.store.private_files import write_privately

_ENCODING = ("utf-8", "surrogatepass")
"""A model may return half a surrogate pair; what it returned is kept as it is."""


def text_digest(text: str) -> str:
    """SHA-256 of ``text``, hexadecimal: its name among the texts."""
    return hashlib.sha256(text.encode(*_ENCODING)).hexdigest()


@dataclass(frozen=True, kw_only=True, slots=True)
class Texts:
    """The folder of texts below ``root``."""

    root: Path

    @property
    def folder(self) -> Path:
        return self.root / "texts"

    def path(self, digest: str) -> Path:
        return self.folder / digest[:2] / f"{digest}.txt"

    def write(self, text: str, *, sync: bool = True) -> str:
        """Keep ``text``, on disk when this returns; return its digest.  Raises ``OSError``.

        Written again if it is there: its age then says when it was last wanted.  Without
        ``sync`` the caller makes many of them safe at once.
        """
        content = text.encode(*_ENCODING)
        digest = hashlib.sha256(content).hexdigest()
        write_privately(self.path(digest), content, sync=sync)
        return digest

    def read(self, digest: str) -> str | None:
        """Return the text, or ``None`` if it is missing or damaged.  Raises ``OSError``."""
        try:
            content = self.path(digest).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        if hashlib.sha256(content).hexdigest() != digest:
            return None
        return content.decode(*_ENCODING)

    def files(self) -> list[Path]:
        """Every file of the folder, sorted; also what a dying writer left half-written."""
        return sorted(p for p in self.folder.glob("*/*") if p.is_file())
