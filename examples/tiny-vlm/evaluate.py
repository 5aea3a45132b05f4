"""Figures of the model card: ``python evaluate.py [MODEL] [--fresh 200] [--json FILE]``.

The model is loaded as ``--pet2rep-model=hf/MODEL`` loads it, with the shipped Chinese prompt, the
default fused views and greedy decoding.  Its ce_f1 (convention ``paper``, all expectations,
``pet2rep19``) stands beside the floors on the same patients: the shipped cohort, and phantoms drawn
from seeds that neither the training nor the cohort has.  The exit status is 1 unless on both the
lower bound of the lead over every floor is 0.10 or more, and blank pictures take it away.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from figures import Figures, figures_of, reached
from patients import assert_disjoint, fresh_patients, shipped_patients
from writing import Writer


def main() -> int:
    """Command line."""
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    own = Path(__file__).with_name("model")
    options.add_argument("model", type=Path, nargs="?", default=own)
    options.add_argument("--fresh", type=int, default=200, help="fresh phantoms to score on")
    options.add_argument("--shipped", type=int, default=None, help="only the first so many cases")
    options.add_argument("--pictures", type=Path, help="folder that keeps pictures between runs")
    options.add_argument("--json", type=Path, help="write the figures there, too")
    chosen = options.parse_args()
    writer = Writer(chosen.model)
    shipped = shipped_patients(chosen.shipped)
    fresh = fresh_patients(chosen.fresh, chosen.pictures)
    assert_disjoint([*shipped, *fresh])
    found = {
        name: figures_of(writer, group)
        for name, group in (("shipped cohort", shipped), ("fresh phantoms", fresh))
        if group
    }
    for name, figures in found.items():
        show(name, figures)
    if chosen.json:
        chosen.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return 0 if all(reached(figures) for figures in found.values()) else 1


def show(name: str, figures: Figures) -> None:
    """Print the figures of one group of patients."""
    print(f"{name}: {figures['patients']} patients, {figures['seconds_a_report']} s a report")
    for row, (value, low, high) in figures["ce_f1"].items():
        print(f"  {row:<12} {value:.3f}  [{low:.3f}, {high:.3f}]")
    for row, (value, low, _) in figures["lead"].items():
        print(f"  lead over {row:<10} {value:.3f}  lower 95 % bound {low:.3f}")
    for state, (tp, fp, fn) in figures["states"].items():
        print(f"  {state:<10} right {tp} wrong {fp} missed {fn}")
    for organ, (tp, fp, fn) in figures["organs"].items():
        print(f"  {organ:<16} right {tp} wrong {fp} missed {fn}")


if __name__ == "__main__":
    raise SystemExit(main())
