"""Merging shards into one run: associative, whatever their order, and nothing is made up.

A merged run is computed again from its records, so that merging all shards of a run gives what
the run in one piece gives.  Items of a shard that is not there are holes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_pet2rep.errors import DataProblem, UsageProblem
from pytest_pet2rep.run.comparability import Difference, card_differences
from pytest_pet2rep.run.error_budget import RUN_BROKE, broken_cases
from pytest_pet2rep.run.plan import PlannedItem
from pytest_pet2rep.run.runfiles import (
    CaseKey,
    CaseText,
    MissingItem,
    RunData,
    record_order,
    scoring_of,
)
from pytest_pet2rep.run.runfiles.encoding import bare_record, item_of
from pytest_pet2rep.run.runfiles.saving import NEVER_RAN
from pytest_pet2rep.run.shards import ShardSet, shard_of_cases
from pytest_pet2rep.run.verdict import RunFacts, Verdict, run_verdict
from pytest_pet2rep.types import Record

if TYPE_CHECKING:
    from pytest_pet2rep.run.summary import Summary

_NO_IMAGES = "no images"
NOT_JUDGED = "the gates are not judged yet: pet2rep gate does it"
_UNJUDGED: Mapping[str, Any] = {
    "verdict": str(Verdict.DEFERRED), "reason": NOT_JUDGED,
    "value": None, "reference": None, "reference_name": "", "difference": None, "bound": None,
    "interval": None, "n": 0, "events": None, "method": "", "adjusted_p": None,
}  # fmt: skip
"""What a gate has of its results before it is judged."""


def merge_runs(runs: Sequence[RunData], *, allowed: Collection[str] = ()) -> RunData:
    """Merge shards, or runs that were merged from shards before.

    Raises ``UsageProblem`` for runs of different cards or another number of shards, and
    ``DataProblem`` where two of them have different records of one item.  ``allowed`` names
    entries of the cards that may differ; that of the run with the smallest id is kept.
    """
    runs = sorted(runs, key=lambda run: (run.run_id, str(run.path or "")))
    if not runs:
        raise UsageProblem("there is nothing to merge: name the folders of the shards")
    _require_one_run(runs, allowed)
    shards = _shards(runs)
    records = _records(runs)
    planned = _planned(runs, shards)
    holes = _holes(runs, planned, records, shards)
    whole = shards is None or not shards.missing
    merged = RunData(
        run_id=runs[0].run_id,
        card=_card(runs),
        profile=runs[0].profile,
        planned=planned,
        holes=holes,
        records=records,
        texts=_texts(runs),
        floors=_floors(runs),
        gates=_demands(runs),
        timing=_timing(runs),
        shards=None if whole else shards,
    )
    return judged(merged)


def judged(run: RunData) -> RunData:
    """Return ``run`` with its summary and verdict worked out from its records, as in a run.

    Gates wait for ``pet2rep gate``; the verdict is then ``deferred``, or ``not_measured`` where a
    record is missing.
    """
    from pytest_pet2rep.run.summary_json import summary_plain

    found = run_verdict(_facts(run))
    reason = NOT_JUDGED if found.verdict is Verdict.DEFERRED else found.reason
    plain = summary_plain(
        summary_of(run),
        exit_code=found.code,
        exit_reason=reason,
        gates=run.gates,
        verdict=str(found.verdict),
    )
    return replace(
        run,
        summary=plain,
        verdict=str(found.verdict),
        exit={"code": found.code, "reason": reason},
        timing={**run.timing, **plain["timing"]},
    )


def _facts(run: RunData) -> RunFacts:
    strict = run.card["expectations"] == "strict"
    failed = [r for r in run.records if r.failed and r.outcome not in RUN_BROKE]
    return RunFacts(
        gates_set=bool(run.gates),
        deferred=bool(run.gates),
        planned=len(run.planned),
        holes=len(run.holes),
        failed_items=len(failed) if strict else 0,
        broken_cases=broken_cases(run.records),
        cases=len({(record.case, record.repeat) for record in run.records}),
    )


def summary_of(run: RunData) -> Summary:
    """Fold the records of a stored run into its summary, as the run itself did."""
    from pytest_pet2rep.run.floors import FLOORS
    from pytest_pet2rep.run.summary import summarise

    return summarise(
        run.records,
        scoring_of(run),
        card=run.card,
        holes=[(hole.item, hole.reason) for hole in run.holes],
        floors={name: run.floors[name] for name in FLOORS if name in run.floors},
        epochs=run.card.get("epochs", 1),
        seconds=float(run.timing.get("seconds", 0.0)),
    )


def _require_one_run(runs: Sequence[RunData], allowed: Collection[str]) -> None:
    first = runs[0]
    for run in runs[1:]:
        bad = [d for d in _differences(first.card, run.card) if d.name not in allowed]
        if bad:
            shown = "; ".join(f"{d.where}: {d.here} against {d.there}" for d in bad[:4])
            raise UsageProblem(
                f"{run.path or run.run_id} is no part of the same run as "
                f"{first.path or first.run_id}, they differ in "
                f"{', '.join(sorted({d.name for d in bad}))} ({shown})"
            )


def _differences(here: Mapping[str, Any], there: Mapping[str, Any]) -> list[Difference]:
    """Compare two cards as parts of one run: everything counts but which metrics are named."""
    return [d for d in card_differences(here, there) if d.name != "measured"]


def _shards(runs: Sequence[RunData]) -> ShardSet | None:
    """Return which shards are there together; ``None`` where a whole run is among them."""
    parts = [run.shards for run in runs]
    present: set[int] = set()
    counts = {part.count for part in parts if part is not None}
    if len(counts) > 1:
        cut = " and into ".join(map(str, sorted(counts)))
        raise UsageProblem(f"the shards are not of one run: one was cut into {cut}")
    for part in parts:
        if part is None:
            return None
        present.update(part.present)
    count = counts.pop()
    # With more shards than cases the last ones have nothing to run, and nothing to be missing.
    present.update(range(len(runs[0].card["cohort"]["case_list"]) + 1, count + 1))
    return ShardSet(count=count, present=tuple(sorted(present)))


def _records(runs: Sequence[RunData]) -> tuple[Record, ...]:
    found: dict[PlannedItem, Record] = {}
    for run in runs:
        for record in run.records:
            other = found.setdefault(item_of(record), record)
            if other is not record and bare_record(other) != bare_record(record):
                name = f"{record.case} {record.check} {record.organ}".rstrip()
                raise DataProblem(
                    f"{run.path or run.run_id} has another result of {name} than the runs before "
                    f"it: they are not parts of one run"
                )
    return tuple(sorted(found.values(), key=record_order))


def _planned(runs: Sequence[RunData], shards: ShardSet | None) -> tuple[PlannedItem, ...]:
    """Return all items of the run; those of a shard that is not there are as in the others."""
    planned = {item for run in runs for item in run.planned}
    if shards is None or not shards.missing:
        return tuple(sorted(planned))
    of_case = _shard_of(runs)
    for case, shard in of_case.items():
        if shard in shards.missing:
            alike = _items_like_others(case, planned, of_case, shards)
            planned.update(alike or _items_of_the_suite(case, runs[0]))
    return tuple(sorted(planned))


def _items_like_others(
    case: str, planned: Iterable[PlannedItem], of_case: Mapping[str, int], shards: ShardSet
) -> set[PlannedItem]:
    """Return the items that every report of a shard that is there has, for another case."""
    return {
        replace(item, case=case)
        for item in planned
        if of_case.get(item.case) in shards.present and not item.check.startswith("control:")
    }


def _items_of_the_suite(case: str, run: RunData) -> set[PlannedItem]:
    """Return what is asked of every case; for where no shard with a case is there to look at."""
    from pytest_pet2rep.run.items import items_of_a_report

    return {
        PlannedItem(case=case, check=check, organ=organ, repeat=repeat)
        for check, organ in items_of_a_report(run.profile)
        for repeat in range(run.card.get("epochs", 1))
    }


def _holes(
    runs: Sequence[RunData],
    planned: Sequence[PlannedItem],
    records: Sequence[Record],
    shards: ShardSet | None,
) -> tuple[MissingItem, ...]:
    reasons: dict[PlannedItem, set[str]] = {}
    for run in runs:
        for hole in run.holes:
            reasons.setdefault(hole.item, set()).add(hole.reason)
    of_case = _shard_of(runs)
    heard = {item_of(record) for record in records}
    return tuple(
        MissingItem(item=item, reason=_reason(item, reasons, of_case, shards))
        for item in planned
        if item not in heard
    )


def _reason(
    item: PlannedItem,
    reasons: Mapping[PlannedItem, set[str]],
    of_case: Mapping[str, int],
    shards: ShardSet | None,
) -> str:
    shard = of_case.get(item.case)
    if shards is not None and shard in shards.missing:
        return f"shard {shard}/{shards.count} is missing"
    known = {why for why in reasons.get(item, set()) if not why.startswith("shard ")}
    return min(known, default=NEVER_RAN)


def _shard_of(runs: Sequence[RunData]) -> dict[str, int]:
    counts = [run.shards.count for run in runs if run.shards is not None]
    return shard_of_cases(runs[0].card["cohort"]["case_list"], counts[0]) if counts else {}


def _card(runs: Sequence[RunData]) -> dict[str, Any]:
    """Return the card of the run in one piece: nothing in it depends on how it was cut."""
    card = dict(runs[0].card)
    shown = {run.card["preprocessing"] for run in runs} - {_NO_IMAGES}
    card["preprocessing"] = min(shown, default=_NO_IMAGES)
    complete = all(run.card["cohort"]["complete"] for run in runs)
    card["cohort"] = {**card["cohort"], "complete": complete}
    return card


def _texts(runs: Sequence[RunData]) -> dict[CaseKey, CaseText]:
    texts: dict[CaseKey, CaseText] = {}
    for run in runs:
        for key, text in run.texts.items():
            texts.setdefault(key, text)
    return dict(sorted(texts.items()))


def _floors(runs: Sequence[RunData]) -> dict[str, tuple[Record, ...]]:
    floors: dict[str, dict[PlannedItem, Record]] = {}
    for run in runs:
        for name, records in run.floors.items():
            found = floors.setdefault(name, {})
            for record in records:
                found.setdefault(item_of(record), record)
    return {
        name: tuple(sorted(found.values(), key=record_order))
        for name, found in sorted(floors.items())
    }


def _demands(runs: Sequence[RunData]) -> tuple[Mapping[str, Any], ...]:
    """Return the gates that the run is to pass, none of them judged yet.

    Raises ``UsageProblem`` where one name stands for different demands.
    """
    demanded: dict[str, Mapping[str, Any]] = {}
    for run in runs:
        for gate in run.gates:
            name = str(gate["name"])
            other = demanded.setdefault(name, gate)
            if any(
                other.get(key) != gate.get(key) for key in ("expression", "confidence", "family")
            ):
                raise UsageProblem(
                    f"{run.path or run.run_id} was run with another gate {name!r} than the runs "
                    f"before it: run all shards with the same gates"
                )
    return tuple(
        {name: _UNJUDGED.get(name, value) for name, value in gate.items()}
        for gate in demanded.values()
    )


def _timing(runs: Sequence[RunData]) -> dict[str, Any]:
    """Add up what was spent; the run begins when its first part began."""
    started = [str(run.timing["started"]) for run in runs if run.timing.get("started")]
    return {
        "seconds": round(sum(float(run.timing.get("seconds", 0.0)) for run in runs), 3),
        "started": min(started, default=""),
        "merged": sorted({str(i) for run in runs for i in run.timing.get("merged", [run.run_id])}),
    }


def load_shards(paths: Iterable[Path]) -> list[RunData]:
    """Load the runs to merge; one that did not come to its end counts as one that is missing.

    Raises ``DataProblem`` if none came to its end.
    """
    from pytest_pet2rep.run.runfiles import PLANNED_FILE, RUN_FILE, load_run

    folders = list(paths)
    ended = [
        path for path in folders if (path / RUN_FILE).exists() or not (path / PLANNED_FILE).exists()
    ]
    if folders and not ended:
        raise DataProblem(f"none of these runs came to its end: {', '.join(map(str, folders))}")
    return [load_run(path) for path in ended]
