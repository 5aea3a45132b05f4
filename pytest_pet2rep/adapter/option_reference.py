"""The option reference page, made from the table that makes the parser: it cannot drift."""

from __future__ import annotations

import re

from pytest_pet2rep.adapter.option_table import OPTIONS, OptionRow

_INTRODUCTION = """\
# Options

Every option has an ini twin (`pytest.ini`, `[tool.pytest.ini_options]`, or `-o NAME=VALUE`): its
name without the leading dashes, the others as underscores.  `--pet2rep-max-new-tokens=512` is
`pet2rep_max_new_tokens = 512`.  The command line wins over the ini file, the ini file over the
default.  Without `--pet2rep-model` (or `pet2rep_model`) the plugin does nothing.

| option | default | meaning |
|---|---|---|
"""


def option_reference() -> str:
    """Return the page as Markdown."""
    return _INTRODUCTION + "".join(_line(row) for row in OPTIONS)


def _line(row: OptionRow) -> str:
    default = f"`{row.default}`" if row.default else ("off" if row.switch else "not set")
    more = " (repeatable)" if row.repeatable and "repeatable" not in row.help else ""
    return f"| {_named(row)} | {default} | {_linked(row.help)}{more} |\n"


def _named(row: OptionRow) -> str:
    """Write the option with its value; each choice in code of its own, as ``|`` ends a cell."""
    if row.switch:
        return f"`{row.flag}`"
    first, *others = row.choices or row.metavar.split("|")
    return " or ".join([f"`{row.flag}={first}`", *(f"`{choice}`" for choice in others)])


def _linked(text: str) -> str:
    """Make the places in the documentation that a help text names links of the page."""
    return re.sub(r"\(docs/reference/([a-z-]+)\.md\)", r"([\1](\1.md))", text)
