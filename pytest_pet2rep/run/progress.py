"""How far a run is, in one line: reports done, pace, time left."""

from __future__ import annotations

from dataclasses import dataclass, field

FIRST_AFTER = 15.0
"""Seconds before the first line: a short run needs none."""
EVERY = 30.0
"""Seconds between two lines at least, so that the log of a long run stays readable."""


@dataclass(kw_only=True, slots=True)
class ProgressMeter:
    """Counts the cases whose report has arrived; all times in seconds of one monotonic clock."""

    total: int
    started: float
    done: set[str] = field(default_factory=set)
    current: str = ""
    _next: float = field(init=False)

    def __post_init__(self) -> None:
        self._next = self.started + FIRST_AFTER

    def begin(self, case: str) -> None:
        """An item of ``case`` starts."""
        self.current = case

    def finish(self, case: str) -> None:
        """An item of ``case`` is settled: its report is there."""
        self.done.add(case)

    def line(self, now: float) -> str | None:
        """Return the line that is due at ``now``, or ``None``."""
        if now < self._next or len(self.done) >= self.total:
            return None
        self._next = now + EVERY
        return self.text(now)

    def text(self, now: float) -> str:
        """Say how far the run is."""
        done, elapsed = len(self.done), now - self.started
        parts = [f"{done} of {self.total} reports"]
        if done and elapsed > 0:
            pace = done / elapsed
            parts.append(f"{60 * pace:.1f} a minute")
            parts.append(f"about {duration((self.total - done) / pace)} left")
        if self.current and self.current not in self.done:
            parts.append(f"now {self.current}")
        return ", ".join(parts)


def duration(seconds: float) -> str:
    """Write a span of time as a person says it: ``40 s``, ``12 min``, ``3 h 20 min``."""
    if seconds < 90:
        return f"{round(seconds)} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"
