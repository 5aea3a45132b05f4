"""May two runs be compared?  Every difference of their cards is listed, and some forbid it.

What is under test, the model, may differ; so may what never reaches a score.  A difference of the
cases, of what the model was given, or of how reports are read and scored would be taken for a
difference of the models: it refuses the comparison unless the user names it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pytest_pet2rep.errors import UnknownName, UsageProblem

MATTERS = (
    "cohort", "prompt", "preprocessing", "decoding", "organs", "section", "cleaning", "extractor",
    "metrics",
)  # fmt: skip
"""Names of the differences that refuse a comparison, as ``--pet2rep-allow-difference`` takes them.

``decoding`` without its seed; ``metrics`` are the signatures of the scores that both runs have.
"""

LISTED = (
    "model", "pytest_pet2rep", "seed", "epochs", "expectations", "silence", "measured", "versions",
    "git",
)  # fmt: skip
"""Names of the differences that are only listed."""

_NO_IMAGES = "no images"


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """One entry of two run cards that differs."""

    name: str
    """The entry that ``--pet2rep-allow-difference`` takes, e.g. ``prompt``."""
    where: str
    """The part of it that differs, e.g. ``prompt.zh``."""
    here: str
    there: str

    @property
    def matters(self) -> bool:
        """It would be taken for a difference of the models."""
        return self.name in MATTERS


def checked_names(names: Iterable[str]) -> frozenset[str]:
    """Return the names of differences to allow.  Raises ``UnknownName``."""
    wanted = frozenset(names)
    for name in sorted(wanted):
        if name not in MATTERS:
            raise UnknownName("difference", name, MATTERS)
    return wanted


def card_differences(here: Mapping[str, Any], there: Mapping[str, Any]) -> tuple[Difference, ...]:
    """List what differs between two run cards, what matters first.

    Hardware (``environment``) and completeness are no part of it.  Of entries by language, and of
    signatures, only those count that both cards have: what one lacks is a matter of the cohort, or
    of what was ``measured``.
    """
    ours, theirs = _entries(here), _entries(there)
    found = []
    for name, where in sorted({*ours, *theirs}, key=_order):
        pair = [card.get((name, where)) for card in (ours, theirs)]
        if pair[0] == pair[1] or (name in ("prompt", "metrics", "preprocessing") and None in pair):
            continue
        shown = ["none" if value is None else str(value) for value in pair]
        found.append(Difference(name=name, where=where, here=shown[0], there=shown[1]))
    return tuple(found)


def forbidding(
    differences: Iterable[Difference], allowed: Collection[str] = ()
) -> tuple[Difference, ...]:
    """Return the differences that refuse a comparison."""
    return tuple(d for d in differences if d.matters and d.name not in allowed)


def require_comparable(
    here: Mapping[str, Any],
    there: Mapping[str, Any],
    *,
    allowed: Collection[str] = (),
    skip: Collection[str] = (),
    option: str = "--pet2rep-allow-difference",
) -> tuple[Difference, ...]:
    """Return all differences of two cards; raises ``UsageProblem`` if one forbids comparing.

    Reports of different languages are never compared: no score of them has the same signature.
    ``skip`` names entries that are not known yet (``preprocessing``, before the first report).
    """
    spoken = [sorted(card.get("metrics") or {}) for card in (here, there)]
    if all(spoken) and not set(spoken[0]) & set(spoken[1]):
        languages = " against ".join(map(", ".join, spoken))
        raise UsageProblem(
            f"the runs have no language in common ({languages}): run in the same one"
        )
    differences = tuple(d for d in card_differences(here, there) if d.name not in skip)
    bad = forbidding(differences, allowed)
    if bad:
        names = sorted({difference.name for difference in bad})
        shown = "; ".join(f"{d.where}: {d.here} against {d.there}" for d in bad[:4])
        more = f"; and {len(bad) - 4} more" if len(bad) > 4 else ""
        flags = " ".join(f"{option}={name}" for name in names)
        raise UsageProblem(
            f"the runs cannot be compared, they differ in {', '.join(names)} ({shown}{more}): run "
            f"under the same conditions, or accept it with {flags}"
        )
    return differences


def _order(key: tuple[str, str]) -> tuple[int, str]:
    known = (*MATTERS, *LISTED)
    return (known.index(key[0]) if key[0] in known else len(known), key[1])


def _entries(card: Mapping[str, Any]) -> dict[tuple[str, str], Any]:
    """Flatten a card into (name, where) -> value."""
    entries: dict[tuple[str, str], Any] = {}
    for name in ("organs", "section", "cleaning", "extractor", "expectations", "silence"):
        entries[name, name] = card.get(name)
    entries["epochs", "epochs"] = card.get("epochs", 1)
    entries["pytest_pet2rep", "pytest_pet2rep"] = card.get("pytest_pet2rep")
    if card.get("preprocessing", _NO_IMAGES) != _NO_IMAGES:
        entries["preprocessing", "preprocessing"] = card["preprocessing"]
    for name in ("prompt", "versions", "git", "model"):
        for key, value in (card.get(name) or {}).items():
            entries[name, f"{name}.{key}"] = value
    for key, value in (card.get("decoding") or {}).items():
        entries["seed" if key == "seed" else "decoding", f"decoding.{key}"] = value
    cases = card.get("cohort", {}).get("case_list", {})
    entries["cohort", "cohort"] = _cohort_text(cases)
    for language, signatures in (card.get("metrics") or {}).items():
        entries["measured", f"metrics.{language}"] = ", ".join(sorted(signatures))
        for metric, signature in signatures.items():
            entries["metrics", f"{metric} ({language})"] = signature
    return entries


def _cohort_text(cases: Mapping[str, str]) -> str:
    """Say which cases these are: their number, and a digest over ids and contents."""
    import hashlib

    listed = "\n".join(f"{case} {digest}" for case, digest in sorted(cases.items()))
    return f"{len(cases)} cases {hashlib.sha256(listed.encode()).hexdigest()[:12]}"
