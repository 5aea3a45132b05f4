"""pytest-pet2rep: score the PET/CT reports that vision-language models write.

Importing the package imports nothing else: the plugin is loaded in every pytest run of every
project where it is installed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pytest_pet2rep.run.pair_scoring import PairScores
    from pytest_pet2rep.run.run_tables import RunTables

__all__ = ["__version__", "load_run", "score"]

__version__ = "0.1.0"


def score(
    references: Sequence[str],
    predictions: Sequence[str | None],
    *,
    language: str,
    metrics: Sequence[str] = ("pet2rep",),
    organs: str = "pet2rep19",
    section: str = "findings",
    clean: bool = True,
) -> PairScores:
    """Score predicted reports against references, pair by pair: for a training callback.

    ``language`` is ``zh`` or ``en``; a prediction of ``None`` is a report that is missing;
    ``clean`` takes out what is no part of a report (think blocks, code fences ...).
    ``score(...).values`` maps metric names to values in 0..1; ``.scores`` carries signatures.
    Raises ``pytest_pet2rep.errors.UsageProblem`` for unequal lengths and unknown names.
    """
    from pytest_pet2rep.run.pair_scoring import score as score_pairs

    return score_pairs(
        references,
        predictions,
        language=language,
        metrics=metrics,
        organs=organs,
        section=section,
        clean=clean,
    )


def load_run(path: str | Path) -> RunTables:
    """Read a stored run (its folder, or a baseline file) for a notebook.

    ``.items``, ``.scores`` and ``.cases`` are lists of plain rows; ``.frame("cases")`` is a pandas
    data frame.  Raises ``pytest_pet2rep.errors.DataProblem`` for what is no run.
    """
    from pytest_pet2rep.run.run_tables import load_tables

    return load_tables(path)
