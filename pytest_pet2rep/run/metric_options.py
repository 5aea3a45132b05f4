"""What ``--metrics`` and ``--metric-arg`` of a command say."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_pet2rep.errors import UsageProblem


def metric_names(given: str | None) -> tuple[str, ...] | None:
    """Read ``--metrics``, ``None`` where it is not given.  Raises ``UsageProblem``."""
    if given is None:
        return None
    names = tuple(name.strip() for name in given.split(",") if name.strip())
    if not names:
        raise UsageProblem(f"--metrics {given}: names nothing")
    return names


def metric_arguments(given: Sequence[str]) -> dict[str, str]:
    """Read ``--metric-arg``.  Raises ``UsageProblem``."""
    arguments = {}
    for item in given:
        key, equals, value = item.partition("=")
        if not (key and equals):
            raise UsageProblem(f"--metric-arg {item}: write it as KEY=VALUE")
        arguments[key] = value
    return arguments
