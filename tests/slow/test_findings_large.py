"""A report of a million characters is read to its end, however it repeats itself."""

from __future__ import annotations

import pytest

from pytest_pet2rep.findings.reader import read

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

SIZE = 1_000_000
PATTERNS = {
    "one endless sentence": "肝脏FDG摄取增高，未见异常，",
    "one endless clause": "no abnormal uptake in the liver and ",
    "organs only": "肝、",
    "uptake words only": "摄取",
    "negations only": "未见",
    "open brackets": "(",
    "empty slots": "【】",
    "numbers": "1.2-3,",
    "references": "高于肝脏",
    "everything above": "以上脏器均未见异常摄取。肝脏",
    "headings": "影像所见：",
}


@pytest.mark.parametrize("pattern", PATTERNS.values(), ids=PATTERNS)
def test_a_million_characters_are_read(pattern: str) -> None:
    text = pattern * (SIZE // len(pattern))
    assert all(m.end <= len(text) for m in read(text).mentions)
