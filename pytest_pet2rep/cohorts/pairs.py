"""Pairs of reference and prediction, as people keep them: one JSON object per line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pytest_pet2rep.cohorts.jsonlines import Line, find_field, id_field, read_lines, text_field
from pytest_pet2rep.errors import ImportProblem

ID_FIELDS = ("case_id", "subject_id", "patient_id", "case", "id")
REFERENCE_FIELDS = ("reference", "ground_truth", "answer")
PREDICTION_FIELDS = (
    "prediction",
    "llm_output",
    "pred",
    "generated",
    "generated_text",
    "generated_report",
    "output",
    "response",
)
"""Names of fields, each list in the order in which a line is searched."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PairFields:
    """Which fields to read; an empty name means the first known one that a line has."""

    id: str = ""
    reference: str = ""
    prediction: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """One reference report, and the report that a model wrote for the same case."""

    id: str
    """As written in the file."""
    reference: str
    prediction: str | None
    """``None`` where the line has none, which is not the same as an empty report."""
    line: int
    """1-based."""


def read_pairs(path: Path, fields: PairFields | None = None) -> Iterator[Pair]:
    """Yield the pairs of a file of JSON lines, one at a time, in the order of the file.

    Lines like ``{"id", "reference", "prediction"}`` and the benchmark authors' own
    ``{"subject_id", "llm_output", "ground_truth"}``, whose ``llm_output`` is a list of one text.
    Raises ``ImportProblem`` (``file:line: ...``) at the first line that is no pair, since a
    score over part of a file would be another score, and for a file without a line.
    """
    empty = True
    for line in read_lines(path):
        empty = False
        try:
            yield pair_of(line, fields or PairFields())
        except ValueError as why:
            raise ImportProblem(f"{line.place}: {why}") from None
    if empty:
        raise ImportProblem(f"{path} holds no line: write one JSON object per line")


def pair_of(line: Line, fields: PairFields) -> Pair:
    """Make one line a pair; raises ``ValueError`` with what is wrong."""
    if line.problem:
        raise ValueError(line.problem)
    case_id = id_field(line, ID_FIELDS, fields.id)
    reference = text_field(line, REFERENCE_FIELDS, fields.reference)
    if not reference.strip():
        raise ValueError("the reference is empty")
    return Pair(
        id=case_id, reference=reference, prediction=_prediction(line, fields), line=line.number
    )


def _prediction(line: Line, fields: PairFields) -> str | None:
    name = fields.prediction or find_field(line, PREDICTION_FIELDS)
    if not name or line.fields.get(name, "") is None:
        return None
    return text_field(line, (name,))
