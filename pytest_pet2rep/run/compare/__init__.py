"""Comparing two runs: what got better and what got worse, on the cases that both have.

Cases that are new, gone or changed are listed and left out; scores are compared with paired
intervals; single results that flipped come with what they weigh in clinical risk, heaviest first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from pytest_pet2rep.anatomy import Profile
from pytest_pet2rep.errors import UsageProblem
from pytest_pet2rep.run.comparability import Difference, require_comparable
from pytest_pet2rep.run.error_budget import broken_note
from pytest_pet2rep.run.runfiles import RunData, record_order, scoring_of
from pytest_pet2rep.run.runfiles.encoding import item_of
from pytest_pet2rep.types import Language, Record, Score

COMPARISON_SCHEMA = "pet2rep/comparison/1"
BOTH = "have no case in common that is the same in both"


class Change(StrEnum):
    """Which way something went from the baseline to this run."""

    BETTER = "better"
    WORSE = "worse"
    UNCLEAR = "unclear"
    """The interval of the difference holds zero, or there is none."""
    SAME = "same"


@dataclass(frozen=True, kw_only=True, slots=True)
class CaseChanges:
    """Cases by id: in both runs and unchanged, only here, only there, in both but changed."""

    common: tuple[str, ...]
    new: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class ScoreChange:
    """One score of both runs on the common cases."""

    language: str
    name: str
    here: float | None
    there: float | None
    higher_is_better: bool
    n: int
    low: float | None = None
    """Two-sided 95 % limits of ``here`` minus ``there``, cases resampled in pairs."""
    high: float | None = None
    reliable: bool = False
    reason: str = ""
    """Why there is no interval, or none that can be relied on."""

    @property
    def difference(self) -> float | None:
        """``here`` minus ``there``."""
        if self.here is None or self.there is None:
            return None
        return self.here - self.there

    @property
    def change(self) -> Change:
        """Better or worse only where the interval leaves no doubt."""
        if self.difference == 0:
            return Change.SAME
        if not self.reliable or self.low is None or self.high is None or self.low <= 0 <= self.high:
            return Change.UNCLEAR
        return Change.BETTER if (self.low > 0) is self.higher_is_better else Change.WORSE


@dataclass(frozen=True, kw_only=True, slots=True)
class Flip:
    """One item that passed in one run and failed in the other."""

    case: str
    repeat: int
    check: str
    organ: str
    change: Change
    expected: tuple[str, ...]
    said_there: tuple[str, ...]
    said_here: tuple[str, ...]
    outcome_there: str
    outcome_here: str
    risk: int
    """Clinical risk of this item here minus there (weights of ``risk_per_case``)."""
    evidence: str = ""
    """The sentence of this run's report; empty without texts."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Tally:
    """Flips of one organ or of one case."""

    name: str
    items: int
    better: int
    worse: int
    risk: int
    """Sum of the differences in clinical risk over all of its items, flipped or not."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """A run against a baseline."""

    here: str
    there: str
    differences: tuple[Difference, ...]
    allowed: tuple[str, ...]
    cases: CaseChanges
    broken_there: str = ""
    """What a reader must know of cases of the baseline that broke; empty where none did."""
    scores: tuple[ScoreChange, ...]
    organs: tuple[Tally, ...]
    by_case: tuple[Tally, ...]
    """Cases with a flip, those whose risk changed most first."""
    flips: tuple[Flip, ...]
    """Heaviest risk first, worse before better."""


def compare_runs(
    here: RunData,
    there: RunData,
    *,
    allowed: Collection[str] = (),
    option: str = "--pet2rep-allow-difference",
    seed: int = 0,
) -> Comparison:
    """Compare a run with a baseline.

    Raises ``UsageProblem`` if they differ in what matters and is not ``allowed``, or share no
    unchanged case.
    """
    differences = require_comparable(here.card, there.card, allowed=allowed, option=option)
    cases = case_changes(here.card, there.card)
    if not cases.common:
        raise UsageProblem(f"{label(here)} and {label(there)} {BOTH}: there is nothing to compare")
    ours, theirs = (_only(run, cases.common) for run in (here, there))
    flips, tallies = _items(ours, theirs)
    return Comparison(
        here=label(here),
        there=label(there),
        differences=differences,
        allowed=tuple(sorted(allowed)),
        cases=cases,
        broken_there=broken_note(theirs.records),
        scores=tuple(_scores(ours, theirs, seed)),
        organs=_ordered_organs(tallies, here.profile),
        by_case=_cases_with_flips(tallies),
        flips=flips,
    )


def label(run: RunData) -> str:
    """Return what a run is called: its model, and its file or id."""
    place = run.path.name if run.path else run.run_id[:8]
    return f"{run.card['model'].get('spec', 'unknown model')} ({place})"


def case_changes(here: Mapping[str, Any], there: Mapping[str, Any]) -> CaseChanges:
    """Compare the case lists of two cards, by id and digest."""
    ours, theirs = (card["cohort"]["case_list"] for card in (here, there))
    both = sorted(ours.keys() & theirs.keys())
    return CaseChanges(
        common=tuple(case for case in both if ours[case] == theirs[case]),
        changed=tuple(case for case in both if ours[case] != theirs[case]),
        new=tuple(sorted(ours.keys() - theirs.keys())),
        removed=tuple(sorted(theirs.keys() - ours.keys())),
    )


def without_changed_cases(there: RunData, here: Mapping[str, Any]) -> RunData:
    """Return a baseline without the records of cases that are others in the card ``here``.

    What gates compare pairs cases by their id; a case whose file changed is not the same case.
    """
    changed = case_changes(here, there.card).changed
    return replace(there, records=tuple(r for r in there.records if r.case not in changed))


def _only(run: RunData, cases: Iterable[str]) -> RunData:
    wanted = frozenset(cases)
    return replace(run, records=tuple(r for r in run.records if r.case in wanted))


def _scores(here: RunData, there: RunData, seed: int) -> Iterable[ScoreChange]:
    from pytest_pet2rep.run.scoreboard import score_sets

    ours, theirs = (
        {found.language: found for found in score_sets(run.records, scoring_of(run))}
        for run in (here, there)
    )
    paired = _Paired(here, there, seed)
    for language in sorted(ours.keys() & theirs.keys()):
        before = {score.name: score for score in theirs[language].all()}
        found = ours[language]
        for score in (found.overall, *found.text, *found.clinical, *found.rates, *found.risk):
            if score.name in before:
                yield paired.change(language, score, before[score.name])


class _Paired:
    """Makes the paired intervals of two runs; what several scores rest on is worked out once."""

    def __init__(self, here: RunData, there: RunData, seed: int) -> None:
        from pytest_pet2rep.run.estimands import Estimands

        self._here = Estimands(here.records, scoring_of(here))
        self._there = Estimands(there.records, scoring_of(there))
        self._seed = seed

    def change(self, language: Language, here: Score, there: Score) -> ScoreChange:
        """Return the change of one score."""
        from pytest_pet2rep.metrics.resampling import paired_difference
        from pytest_pet2rep.run.slices import Slice

        plain = ScoreChange(
            language=str(language),
            name=here.name,
            here=here.value,
            there=there.value,
            higher_is_better=here.higher_is_better,
            n=min(here.n, there.n),
        )
        if here.value is None or there.value is None:
            return replace(plain, reason=here.reason or there.reason)
        slice_ = Slice(language=str(language))
        try:
            ours, theirs = (side.of(here.name, slice_) for side in (self._here, self._there))
        except UsageProblem as why:
            return replace(plain, reason=str(why))
        found = paired_difference(ours, theirs, seed=self._seed)
        limits = found.interval
        return replace(
            plain,
            low=_number(limits.low),
            high=_number(limits.high),
            n=found.n_common,
            reliable=limits.reliable,
            reason=limits.reason,
        )


def _number(value: float) -> float | None:
    return None if value != value else value  # NaN alone differs from itself


def _items(
    here: RunData, there: RunData
) -> tuple[tuple[Flip, ...], Mapping[tuple[str, str], Counter[str]]]:
    """Return the flips, and per organ and per case how many items went which way."""
    before = {item_of(record): record for record in there.records}
    tallies: dict[tuple[str, str], Counter[str]] = {}
    flips = []
    for record in sorted(here.records, key=record_order):
        other = before.get(item_of(record))
        if other is None or record.check == "text" or record.check.startswith("control:"):
            continue
        risk = _risk(record, here.profile) - _risk(other, there.profile)
        name = record.organ or record.check
        for key in (("organ", name), ("case", record.case)):
            counted = tallies.setdefault(key, Counter())
            counted["items"] += 1
            counted["risk"] += risk
            if record.failed != other.failed:
                counted["worse" if record.failed else "better"] += 1
        if record.failed != other.failed:
            flips.append(_flip(record, other, risk))
    return tuple(sorted(flips, key=_heaviest_first)), tallies


def _risk(record: Record, profile: Profile) -> int:
    """Return what the item weighs alone: the sum of the weights of its errors."""
    from pytest_pet2rep.metrics.risk import risk_counts, risk_row, risk_table

    if record.check != "uptake":
        return 0
    fine = profile[record.organ].fine
    return sum(risk_table(risk_counts([risk_row(record, fine)])).weighted.values())


def _flip(here: Record, there: Record, risk: int) -> Flip:
    return Flip(
        case=here.case,
        repeat=here.repeat,
        check=here.check,
        organ=here.organ,
        change=Change.WORSE if here.failed else Change.BETTER,
        expected=here.expected,
        said_there=there.generated,
        said_here=here.generated,
        outcome_there=str(there.outcome),
        outcome_here=str(here.outcome),
        risk=risk,
        evidence=here.evidence[1],
    )


def _heaviest_first(flip: Flip) -> tuple[object, ...]:
    worse = flip.change is Change.WORSE
    return (-abs(flip.risk), not worse, flip.case, flip.repeat, flip.check, flip.organ)


def _tally(name: str, counted: Counter[str]) -> Tally:
    return Tally(
        name=name,
        items=counted["items"],
        better=counted["better"],
        worse=counted["worse"],
        risk=counted["risk"],
    )


def _ordered_organs(
    tallies: Mapping[tuple[str, str], Counter[str]], profile: Profile
) -> tuple[Tally, ...]:
    """Return organs in their order, then report checks by name."""
    names = {name for kind, name in tallies if kind == "organ"}
    organs = [organ.id for organ in profile.organs if organ.id in names]
    rest = sorted(names - set(organs))
    return tuple(_tally(name, tallies["organ", name]) for name in (*organs, *rest))


def _cases_with_flips(tallies: Mapping[tuple[str, str], Counter[str]]) -> tuple[Tally, ...]:
    found = [_tally(name, counted) for (kind, name), counted in tallies.items() if kind == "case"]
    flipped = [tally for tally in found if tally.better or tally.worse]
    return tuple(sorted(flipped, key=lambda t: (-abs(t.risk), -t.worse, -t.better, t.name)))
