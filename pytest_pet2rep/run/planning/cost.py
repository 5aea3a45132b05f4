"""What a run will take: reports, time and money, from stated figures or an earlier run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_pet2rep.errors import UsageProblem

if TYPE_CHECKING:
    from pytest_pet2rep.run.settings import RunSettings
    from pytest_pet2rep.types import Record


@dataclass(frozen=True, kw_only=True, slots=True)
class Cost:
    """What a run will take."""

    reports: int
    """Reports to be generated, controls and repeats among them."""
    seconds_per_report: float | None = None
    concurrency: int = 1
    """Reports under way at once."""
    price_per_report: float | None = None
    """In whatever currency the user thinks."""
    basis: str = ""
    """Where the seconds come from."""

    @property
    def seconds(self) -> float | None:
        """Wall-clock time of generation; ``None`` where nothing is known of it."""
        if self.seconds_per_report is None:
            return None
        return self.reports * self.seconds_per_report / self.concurrency

    @property
    def price(self) -> float | None:
        """Price of all reports."""
        return None if self.price_per_report is None else self.reports * self.price_per_report


def run_cost(
    settings: RunSettings,
    *,
    cases: int,
    controls: int,
    arguments: Mapping[str, str],
    before: Sequence[Record] = (),
) -> Cost:
    """Estimate from ``seconds``, ``price`` and ``concurrency``, else from an earlier run.

    ``controls`` is the number of reports that are asked for once more.  Raises ``UsageProblem``
    for a number that is none.
    """
    seconds, basis = _positive(arguments, "seconds"), "stated"
    if seconds is None:
        seconds, basis = seconds_before(before), "mean of the earlier run"
    concurrency = _positive(arguments, "concurrency")
    return Cost(
        reports=cases * settings.epochs + controls,
        seconds_per_report=seconds,
        concurrency=int(concurrency) if concurrency else _usual_concurrency(settings),
        price_per_report=_positive(arguments, "price"),
        basis=basis if seconds is not None else "",
    )


def seconds_before(records: Sequence[Record]) -> float | None:
    """Return the mean time of a report in an earlier run, as the provider measured it."""
    timings = [r.facts["timing"] for r in records if r.check == "text" and "timing" in r.facts]
    seconds = [float(timing["seconds"]) for timing in timings if timing.get("seconds")]
    return sum(seconds) / len(seconds) if seconds else None


def _usual_concurrency(settings: RunSettings) -> int:
    """Servers answer several requests at once, weights in this process one batch after another."""
    return settings.concurrency if settings.model.partition("/")[0] == "openai" else 1


def _positive(arguments: Mapping[str, str], key: str) -> float | None:
    if key not in arguments:
        return None
    try:
        value = float(arguments[key])
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise UsageProblem(f"--pet2rep-plan-arg={key}={arguments[key]}: needs a number above 0")
    return value
