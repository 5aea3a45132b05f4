"""The Chinese README says what the English one says: same parts, same commands, same links.

``PET2REP_UPDATE_GOLDEN=1`` copies the blocks of the English page into the Chinese one; prose is for
people to translate.
"""

from __future__ import annotations

import os
import re

from tests.doc_blocks import ROOT

ENGLISH, CHINESE = ROOT / "README.md", ROOT / "README.zh.md"
BLOCK = re.compile(r"(?:<!-- \w+ -->\n)?^```[a-z]*\n.*?^```$", re.MULTILINE | re.DOTALL)


def english() -> str:
    return ENGLISH.read_text(encoding="utf-8")


def chinese() -> str:
    return CHINESE.read_text(encoding="utf-8")


def test_both_pages_hold_the_same_blocks_in_the_same_order() -> None:
    wanted = BLOCK.findall(english())
    if os.environ.get("PET2REP_UPDATE_GOLDEN") and len(BLOCK.findall(chinese())) == len(wanted):
        left = iter(wanted)
        CHINESE.write_text(BLOCK.sub(lambda _: next(left), chinese()), encoding="utf-8")
    assert BLOCK.findall(chinese()) == wanted
    assert wanted


def test_both_pages_have_the_same_headings_level_by_level() -> None:
    assert levels(chinese()) == levels(english())


def test_both_pages_link_to_the_same_places_and_the_chinese_one_to_the_english() -> None:
    assert links(chinese()) - {"README.md"} == links(english()) - {"README.zh.md"}
    assert "README.md" in links(chinese())


def test_both_pages_name_the_same_options_commands_and_extras() -> None:
    assert named(chinese()) == named(english())


def test_the_figures_in_the_prose_are_the_same() -> None:
    assert figures(chinese()) == figures(english())


def test_the_chinese_page_is_written_in_chinese() -> None:
    prose = BLOCK.sub("", chinese())
    for paragraph in filter(len, (part.strip() for part in prose.split("\n\n"))):
        if not paragraph.startswith(("# ", "<!--", "[English]")):
            assert re.search(r"[\u4e00-\u9fff]", paragraph), paragraph


def levels(page: str) -> list[str]:
    return re.findall(r"^(#{1,6}) ", BLOCK.sub("", page), re.MULTILINE)


def links(page: str) -> set[str]:
    return set(re.findall(r"\]\(([^)\s]+)\)", page))


def named(page: str) -> set[str]:
    """Code in the prose: options, commands, extras."""
    return set(re.findall(r"`([^`\n]+)`", BLOCK.sub("", page)))


def figures(page: str) -> list[str]:
    """Percentages and scores with a decimal point, in their order."""
    return re.findall(r"\d+ %|\b\d+\.\d\b(?!\d)(?=[^/\w])", BLOCK.sub("", page))
