"""How many reports per second the report checks take, and how they grow with the text.

Run it on an idle core: ``python benchmarks/report_checks.py``.
"""

from __future__ import annotations

import time
from pathlib import Path

from pytest_pet2rep.findings.checks import check_report
from pytest_pet2rep.findings.reader import read_afresh
from pytest_pet2rep.models.prompts import load_prompt
from pytest_pet2rep.types import Language

CASES = Path(__file__).parents[1] / "cases"


def rate(texts: list[str], language: Language) -> tuple[float, float]:
    """Return checked and read reports per second (a check includes reading the report)."""
    prompt = load_prompt(language)

    def check(text: str) -> None:
        check_report(
            text,
            language=language,
            template=prompt.template,
            instructions=prompt.user,
            reference=texts[0],
        )

    check(texts[0])
    start = time.process_time()
    for text in texts:
        check(text)
    middle = time.process_time()
    for text in texts:
        read_afresh(text)
    return len(texts) / (middle - start), len(texts) / (time.process_time() - middle)


def main() -> None:
    """Print one line per language, and one per length."""
    for language in Language:
        texts = [
            path.read_text(encoding="utf-8")
            for path in sorted(CASES.glob(f"*/report.{language}.txt"))
        ]
        checked, taken = rate(texts, language)
        length = sum(map(len, texts)) / len(texts)
        print(
            f"{language}: {len(texts)} reports of {length:.0f} characters: "
            f"{checked:.0f}/s with checks, {taken:.0f}/s reading alone"
        )
        for size in (10_000, 100_000, 1_000_000):
            long = ("\n".join(texts) * (size // int(length) + 1))[:size]
            start = time.process_time()
            check_report(long, language=language, reference=None)
            print(f"  {size:>9} characters: {time.process_time() - start:.2f} s")


if __name__ == "__main__":
    main()
