"""One report of one case: made or found, cleaned, and judged usable or not."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_pet2rep.types import Flag, Generation, Outcome


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempt:
    """What came of asking the model for the report of one case.

    ``outcome`` is ``None`` for a usable report, else one of ``types.UNUSABLE`` with its
    ``reason``; ``text`` is the cleaned report (empty where there is none).
    """

    case: str
    repeat: int = 0
    text: str = ""
    generation: Generation | None = None
    outcome: Outcome | None = None
    reason: str = ""
    where: str = ""
    flags: tuple[Flag, ...] = ()
    made_now: bool = False
    skipped: tuple[str, ...] = ()
    """Damaged places of the store that were met on the way to it."""
    run_wide: bool = False
    """What failed concerns the model as a whole (a wrong key, no server), not this case."""

    @property
    def usable(self) -> bool:
        return self.outcome is None
