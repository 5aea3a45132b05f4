"""Families of gates: several claims that share one error rate (Holm's step-down procedure).

Both claims of a gate are held to it: that the run is good enough, and that it surely is not.  With
nineteen gates on nineteen organs, one of them would otherwise pass or fail by chance alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from pytest_pet2rep.metrics.intervals_holm import holm
from pytest_pet2rep.metrics.resampling_statistic import StatisticKind
from pytest_pet2rep.run.gates import Gate, GateResult
from pytest_pet2rep.run.verdict import Verdict

DECIDABLE = (Verdict.PASS, Verdict.FAIL, Verdict.UNDECIDED)


@dataclass(frozen=True, kw_only=True, slots=True)
class Claims:
    """How sure the two claims of a gate are, as p-values; ``None`` where neither can be made."""

    passes: float
    fails: float


def by_family(
    results: Sequence[GateResult], claims: Callable[[Gate], Claims | None]
) -> tuple[GateResult, ...]:
    """Give the gates of each family their common verdicts; the others stay as they are.

    Operational facts and gates without a verdict take no part.
    """
    judged = list(results)
    families: dict[str, list[int]] = {}
    for at, result in enumerate(results):
        if result.gate.family and _takes_part(result):
            families.setdefault(result.gate.family, []).append(at)
    for name, members in families.items():
        found = {at: claims(results[at].gate) for at in members}
        known = {at: claim for at, claim in found.items() if claim is not None}
        passes = holm([claim.passes for claim in known.values()])
        fails = holm([claim.fails for claim in known.values()])
        for at, p_pass, p_fail in zip(known, passes, fails, strict=True):
            judged[at] = _adjusted(results[at], p_pass, p_fail, f"{len(known)} gates of {name}")
    return tuple(judged)


def _takes_part(result: GateResult) -> bool:
    return result.gate.kind is StatisticKind.ESTIMATE and result.verdict in DECIDABLE


def _adjusted(result: GateResult, p_pass: float, p_fail: float, family: str) -> GateResult:
    alpha = 1 - result.gate.confidence + 1e-12
    verdict, p = Verdict.UNDECIDED, min(p_pass, p_fail)
    if p_pass <= alpha:
        verdict, p = Verdict.PASS, p_pass
    elif p_fail <= alpha:
        verdict, p = Verdict.FAIL, p_fail
    note = f"Holm over {family}: p {p:.2g}"
    if verdict is not result.verdict:
        note = f"{verdict.words} after {note} (alone: {result.verdict.words})"
    reason = result.reason if verdict is result.verdict else ""
    return replace(
        result,
        verdict=verdict,
        adjusted_p=p,
        reason="; ".join(part for part in (reason, note) if part),
    )
