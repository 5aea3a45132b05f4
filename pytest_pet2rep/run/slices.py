"""Slices: which part of a run a number speaks of, as text and as a choice of records.

``[organ=liver,state=increased]``: conditions joined by commas, all of which must hold.

===================  ==============================================================================
``organ=ID``         one organ of the organ list
``state=STATE``      one abnormal state: a score over states is that of this one alone
``abnormal``         pairs whose reference has an abnormal state; of whole-report scores, cases with
                     any such organ
``normal``           the others
``visible=true``     pairs whose expected abnormal state can be seen in the pixels sent, and pairs
                     without one; cases in which that is unknown are left out.  ``false``: pairs
                     whose expected abnormal state cannot be seen
``lesion>=15mm``     pairs whose expected abnormal state has a stated diameter of 15 mm or more, and
                     pairs without one; also ``>``, ``<``, ``<=``
``source=SOURCE``    where the expectation comes from: ``explicit``, ``extracted``, ``reviewed``
``reviewed``         expectations that a person stands for: explicit or reviewed
``extracted``        those that only the extractor read
``scored_only``      cases with a usable report
``language=zh``      cases in one language
``sex=F``            cases of one sex
``sklearn0``         no subset: clinical efficacy by the convention of that name
===================  ==============================================================================
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from pytest_pet2rep.errors import UnknownName, UsageProblem
from pytest_pet2rep.types import (
    ABNORMAL_STATES,
    UNUSABLE,
    ExpectationSource,
    Language,
    Record,
)

_SIZE = re.compile(r"^lesion\s*(>=|<=|>|<)\s*(\d+(?:\.\d+)?)\s*mm$")
_COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    ">=": lambda size, limit: size >= limit,
    "<=": lambda size, limit: size <= limit,
    ">": lambda size, limit: size > limit,
    "<": lambda size, limit: size < limit,
}
_STATES = tuple(str(state) for state in ABNORMAL_STATES)
_ABNORMAL = frozenset(_STATES)
_FLAGS = ("abnormal", "normal", "reviewed", "extracted", "scored_only", "sklearn0")
_VALUES: Mapping[str, tuple[str, ...]] = {
    "state": _STATES,
    "visible": ("true", "false"),
    "language": tuple(map(str, Language)),
    "sex": ("F", "M"),
    "source": tuple(map(str, ExpectationSource)),
}
PAIR_KEYS = frozenset(
    {"organ", "state", "abnormal", "normal", "visible", "lesion", "source", "reviewed", "extracted"}
)
"""Conditions on (case, organ) pairs."""
CASE_KEYS = frozenset({"abnormal", "normal", "scored_only", "language", "sex"})
"""Conditions on whole cases."""
CONVENTION_KEYS = frozenset({"sklearn0"})
KEYS = PAIR_KEYS | CASE_KEYS | CONVENTION_KEYS


@dataclass(frozen=True, kw_only=True, slots=True)
class Slice:
    """A subset of a run; the one without conditions is everything."""

    organ: str = ""
    state: str = ""
    abnormal: bool = False
    normal: bool = False
    visible: bool | None = None
    lesion: tuple[str, float] | None = None
    """Comparison and diameter in mm: ``(">=", 15.0)``."""
    source: str = ""
    reviewed: bool = False
    extracted: bool = False
    scored_only: bool = False
    language: str = ""
    sex: str = ""
    sklearn0: bool = False

    @property
    def keys(self) -> frozenset[str]:
        """Names of its conditions."""
        return frozenset(f.name for f in fields(self) if getattr(self, f.name) != f.default)

    @property
    def text(self) -> str:
        """Canonical text with brackets: equal slices have equal texts; empty for everything."""
        parts = [
            _spelled(f.name, getattr(self, f.name)) for f in fields(self) if f.name in self.keys
        ]
        return f"[{','.join(parts)}]" if parts else ""

    def keep(self, record: Record) -> bool:
        """Say whether one (case, organ) pair belongs to the slice, as far as its record tells.

        ``visible=true`` also leaves out whole cases, which takes ``select``.
        """
        return self._keeps_case_of(record) and self._keeps_pair(record)

    def select(self, records: Sequence[Record]) -> list[Record]:
        """Return those uptake records of *one case* (one repeat) that belong to the slice."""
        if self.visible and any(r.visible is None for r in records if is_abnormal(r)):
            return []
        return [record for record in records if self.keep(record)]

    def keeps_case(self, uptake: Sequence[Record], text: Record | None) -> bool:
        """Say whether a whole case (one repeat) belongs to the slice, by its case conditions."""
        any_record = text or (uptake[0] if uptake else None)
        if any_record is None or not self._keeps_case_of(any_record):
            return False
        found = any(map(is_abnormal, uptake))
        return not ((self.abnormal and not found) or (self.normal and found))

    def matches(self, records: Iterable[Record]) -> bool:
        """Say whether any (case, organ) pair of a cohort belongs to the slice.

        ``records`` are those of ``expected_records``: known before the first generation.  A
        condition on abnormal states (``state``, ``visible``, ``lesion``) needs such a pair.
        """
        needed = bool(self.state or self.lesion) or self.visible is not None
        before = replace(self, scored_only=False)
        return any(before.keep(record) and self._has_state(record, needed) for record in records)

    def _has_state(self, record: Record, needed: bool) -> bool:
        if self.state:
            return self.state in record.expected
        return is_abnormal(record) or not needed

    def _keeps_case_of(self, record: Record) -> bool:
        return (
            (not self.language or record.facts.get("language") == self.language)
            and (not self.sex or record.facts.get("sex") == self.sex)
            and (not self.scored_only or record.outcome not in UNUSABLE)
        )

    def _keeps_pair(self, record: Record) -> bool:
        positive = is_abnormal(record)
        return (
            (not self.organ or record.organ == self.organ)
            and (not self.abnormal or positive)
            and (not self.normal or not positive)
            and (not self.source or record.source == self.source)
            and (not self.reviewed or record.source in _BY_A_PERSON)
            and (not self.extracted or record.source == ExpectationSource.EXTRACTED)
            and self._is_seen(record, positive)
            and (self.lesion is None or not positive or self._is_of_size(record))
        )

    def _is_seen(self, record: Record, positive: bool) -> bool:
        if self.visible is None:
            return True
        if self.visible:
            return not positive or record.visible is True
        return positive and record.visible is False

    def _is_of_size(self, record: Record) -> bool:
        size = record.facts.get("diameter_mm")
        if self.lesion is None or size is None:
            return False
        comparison, limit = self.lesion
        return _COMPARISONS[comparison](float(size), limit)


EVERYTHING = Slice()
_BY_A_PERSON = (ExpectationSource.EXPLICIT, ExpectationSource.REVIEWED)


def is_abnormal(record: Record) -> bool:
    """Say whether the reference has an abnormal state in this organ."""
    return not _ABNORMAL.isdisjoint(record.expected)


def parse_slice(text: str, *, organs: Sequence[str] = ()) -> Slice:
    """Read ``[organ=liver,state=increased]`` (brackets and spaces optional).

    ``organs`` are those of the active organ list; without it any organ is taken.  Raises
    ``UnknownName`` for a key or value that is not known, ``UsageProblem`` for what is no slice.
    """
    inner = text.strip()
    if inner.startswith("[") != inner.endswith("]"):
        raise UsageProblem(f"slice {text!r}: write it as [organ=liver,state=increased]")
    inner = inner.removeprefix("[").removesuffix("]").strip()
    found: dict[str, Any] = {}
    for part in filter(None, (part.strip() for part in inner.split(","))):
        key, value = _condition(part, organs)
        if key in found:
            raise UsageProblem(f"slice {text!r}: {key} stands twice")
        found[key] = value
    if found.get("normal") and found.get("abnormal"):
        raise UsageProblem(f"slice {text!r}: nothing is both normal and abnormal")
    return Slice(**found)


def _condition(part: str, organs: Sequence[str]) -> tuple[str, Any]:
    if size := _SIZE.match(part):
        return "lesion", (size[1], float(size[2]))
    key, equals, value = (piece.strip() for piece in part.partition("="))
    if key.startswith("lesion"):
        raise UsageProblem(f"slice condition {part!r}: write it as lesion>=15mm")
    if key not in KEYS:
        raise UnknownName("slice condition", key, KEYS)
    if key in _FLAGS:
        if equals:
            raise UsageProblem(f"slice condition {part!r}: write {key} alone")
        return key, True
    known = organs if key == "organ" else _VALUES[key]
    if not value:
        raise UsageProblem(f"slice condition {part!r}: write it as {key}=VALUE")
    if known and value not in known:
        raise UnknownName(f"value of slice condition {key}:", value, known)
    return key, value == "true" if key == "visible" else value


def _spelled(key: str, value: Any) -> str:
    if key == "lesion":
        return f"lesion{value[0]}{value[1]:g}mm"
    if key in _FLAGS:
        return key
    return f"{key}={str(value).lower() if key == 'visible' else value}"
