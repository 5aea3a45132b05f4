"""``--pet2rep-preset=paper`` in the terminal: the published rows beside the run's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_pet2rep.adapter.terminal_table import write_table
from pytest_pet2rep.run.paper import paper_notes, paper_table

if TYPE_CHECKING:
    import pytest

    from pytest_pet2rep.adapter.options import Options
    from pytest_pet2rep.run.summary import Summary


def show_paper(reporter: pytest.TerminalReporter, summary: Summary, options: Options) -> None:
    """Write the rows and their caveats, unless ``-q``."""
    if options.preset != "paper" or reporter.config.get_verbosity() < 0:
        return
    run = options.run
    reporter.section("pet2rep paper", "-")
    for found in summary.scores:
        write_table(reporter, paper_table(found, run.model))
    chosen = {
        "decoding": run.decoding,
        "metrics": ",".join(run.metrics),
        "organs": run.organs,
        "section": str(run.section),
        "views": str(run.views),
        "language": str(run.language or ""),
    }
    for line in paper_notes(chosen):
        reporter.write_line(line)
