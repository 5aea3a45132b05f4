"""A run whose model wrote what hurts whoever shows it: in texts, evidence, reasons and ids."""

from __future__ import annotations

from dataclasses import replace

from pytest_pet2rep.run.runfiles import RunData
from pytest_pet2rep.types import Outcome

HOSTILE_TEXT = "".join(
    (
        "<script>canary()</script></script><img src=x onerror=canary()>",
        "\x1b[2J\x1b]0;title\x07\x00\x9b31m",
        "\u202etxet desrever\u202c\u2066\u200b\ufeff\ud800",
        "{{ 7*7 }}${canary}<!--#exec cmd-->]]>&quot;\"'`",
        "| cell | **bold** [link](javascript:canary())",
        "![i](http://evil.example/p.png)\n# heading\n",
        '=HYPERLINK("http://evil.example")\t@SUM(1)\r\n+1-1',
        "🩻👩‍⚕️",
    )
)
HOSTILE_CASE = "=cmd|'/C calc'!A0|<b>\x1b[31m"
FORMULA = "=1+1"


def hostile_run(run: RunData, case: str = "PET-2") -> RunData:
    """Return ``run`` with one case of which every text is hostile."""
    records = tuple(
        replace(
            record,
            case=HOSTILE_CASE,
            reason=HOSTILE_TEXT,
            evidence=(HOSTILE_TEXT, FORMULA),
            where=HOSTILE_TEXT,
        )
        if record.case == case
        else record
        for record in run.records
    )
    texts = {
        ((HOSTILE_CASE, key[1]) if key[0] == case else key): replace(
            text,
            case=HOSTILE_CASE,
            reference=HOSTILE_TEXT * 3,
            generated=FORMULA + HOSTILE_TEXT,
            reason=HOSTILE_TEXT,
            outcome=Outcome.REFUSAL,
        )
        if key[0] == case
        else text
        for key, text in run.texts.items()
    }
    return replace(run, records=records, texts=texts)
