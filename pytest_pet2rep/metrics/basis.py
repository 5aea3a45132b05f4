"""What every clinical score depends on beside the reports; it stands in each signature."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Basis:
    """Clinical scores of different bases are never averaged or compared."""

    organs: str
    """Label of the organ list, e.g. ``pet2rep19.v1``."""
    extractor: str
    """Signature of what read the reports, e.g. ``rules:1``."""
    section: str
    language: str
    cleaning: str = "clean:none"
    """Version of the cleaning step of generated texts, ``clean:none`` where there was none."""

    def signature(self, *, organs: bool = True) -> str:
        """Spell it out; without ``organs`` for scores that do not go by the organ list."""
        listed = f"organs:{self.organs}|" if organs else ""
        return (
            f"{listed}extractor:{self.extractor}|section:{self.section}"
            f"|language:{self.language}|{self.cleaning}"
        )
