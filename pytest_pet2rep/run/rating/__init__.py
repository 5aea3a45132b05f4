"""A blinded sample of a run for readers: numbered reports, and the key that names their cases.

A reader sees the reference and the report, and neither the case, the model nor a score.
"""

from __future__ import annotations

import hashlib
import random
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from pytest_pet2rep.errors import UsageProblem
from pytest_pet2rep.run.redaction import WITHHELD
from pytest_pet2rep.run.runfiles import CaseText, RunData

KEY_SCHEMA = "pet2rep/ratingkey/1"
RATING_SCHEMA = "pet2rep/rating/1"
WEIGHTS = ("significant", "insignificant")


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """One level of the score, or one category of errors, in both languages."""

    id: str
    en: str
    zh: str


@dataclass(frozen=True, kw_only=True, slots=True)
class RatedItem:
    """One numbered report."""

    id: str
    case: str
    repeat: int
    language: str
    reference: str
    report: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Sheet:
    """What all readers of a sample get, each in an order of their own."""

    digest: str
    """Names the sheet: of its texts and numbers."""
    items: tuple[RatedItem, ...]

    def for_reader(self, reader: int) -> tuple[RatedItem, ...]:
        """Return the items in the order of one reader: fatigue then hits different reports."""
        order = list(self.items)
        random.Random(f"{self.digest} reader {reader}").shuffle(order)
        return tuple(order)


@cache
def score_levels() -> tuple[Choice, ...]:
    """Return the levels of the score, best first."""
    return _choices("score")


@cache
def error_categories() -> tuple[Choice, ...]:
    """Return the categories of errors."""
    return _choices("error")


def draw_sheet(run: RunData, count: int, seed: int = 0) -> Sheet:
    """Draw ``count`` reports of a run, each with equal chance, and number them at random.

    Reports that there are not (refusals count as reports) cannot be read and are left out.
    Raises ``UsageProblem`` for a run without texts or with fewer reports.
    """
    if count < 1:
        raise UsageProblem(f"--sample {count}: a sample has at least one report")
    readable = [
        (key, text) for key, text in sorted(run.texts.items()) if text.reference and text.generated
    ]
    if not readable:
        why = WITHHELD if run.texts else "a baseline keeps no texts"
        raise UsageProblem(f"the run has no texts to rate ({why})")
    if len(readable) < count:
        raise UsageProblem(
            f"the run has {len(readable)} reports to rate, not {count}: --sample {len(readable)}"
        )
    chosen = random.Random(f"sample {seed}").sample(readable, count)
    width = len(str(count))
    items = tuple(
        _item(f"R{number:0{width}d}", text) for number, (_, text) in enumerate(chosen, start=1)
    )
    return Sheet(digest=_digest(items), items=items)


def key_of(sheet: Sheet, run: RunData) -> dict[str, object]:
    """Return the key, which readers must not see."""
    return {
        "schema": KEY_SCHEMA,
        "sheet": sheet.digest,
        "run_id": run.run_id,
        "model": str(run.card.get("model", {}).get("spec", "")),
        "items": {item.id: {"case": item.case, "repeat": item.repeat} for item in sheet.items},
    }


def _item(number: str, text: CaseText) -> RatedItem:
    return RatedItem(
        id=number,
        case=text.case,
        repeat=text.repeat,
        language=str(text.language),
        reference=text.reference or "",
        report=text.generated or "",
    )


def _digest(items: Sequence[RatedItem]) -> str:
    found = hashlib.sha256()
    for item in items:
        for part in (item.id, item.reference, item.report):
            found.update(part.encode("utf-8", "surrogatepass") + b"\0")
    return found.hexdigest()[:16]


def _choices(kind: str) -> tuple[Choice, ...]:
    source = resources.files("pytest_pet2rep") / "data" / "rating" / "scale.toml"
    table: Mapping[str, Sequence[Mapping[str, str]]] = tomllib.loads(source.read_text("utf-8"))
    return tuple(Choice(id=row["id"], en=row["en"], zh=row["zh"]) for row in table[kind])
