"""What an exchanged uptake word costs in each score, on the shipped Chinese cohort.

    python benchmarks/uptake_flip.py

The reference reports are scored against themselves, each changed in one way.  The numbers of
docs/explanation/why-text-scores-miss-an-uptake-flip.md are those of this script.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest_pet2rep

CASES = Path(__file__).parents[1] / "cases"
SUV = re.compile(r"，SUVmax[^，。；]*")
INCREASE = re.compile(r"摄取(?:较对侧)?(?:明显|显著|弥漫性)?增高")
SHOWN = ("bleu4", "meteor", "rouge_l", "ce_precision", "ce_recall", "ce_f1")


def references() -> list[str]:
    """Chinese reference reports of the shipped cases by case id, without SUV.

    A lesion with an SUVmax of 8 is read as increased, whatever the words beside it say.
    """
    paths = sorted(CASES.glob("*/report.zh.txt"))
    return [SUV.sub("", path.read_text(encoding="utf-8")) for path in paths]


def with_directions_exchanged(text: str) -> str:
    """Say increased for decreased and decreased for increased, everywhere."""
    return text.replace("增高", "\0").replace("减低", "增高").replace("\0", "减低")


def with_increases_denied(text: str) -> str:
    """Call every uptake normal that is called increased."""
    return INCREASE.sub("摄取未见异常", text)


def of_another_patient(texts: list[str]) -> list[str]:
    """Give every case the report of the next one."""
    return texts[1:] + texts[:1]


def variants() -> dict[str, list[str]]:
    """Name of the change -> changed reports, in the order of the references."""
    texts = references()
    return {
        "unchanged": texts,
        "increased and decreased exchanged": [with_directions_exchanged(t) for t in texts],
        "every increase called normal": [with_increases_denied(t) for t in texts],
        "report of the next patient": of_another_patient(texts),
    }


def main() -> None:
    """Print one row for each change, scores x100."""
    texts = references()
    print(f"{'change':36}" + "".join(f"{name:>14}" for name in SHOWN))
    for name, changed in variants().items():
        values = pytest_pet2rep.score(texts, changed, language="zh").values
        print(f"{name:36}" + "".join(f"{100 * values[key]:14.1f}" for key in SHOWN))


if __name__ == "__main__":
    main()
