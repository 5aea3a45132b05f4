"""The option reference page, made from the table that makes the parser: it cannot drift."""

from __future__ import annotations

from pytest_pet2rep.adapter.option_table import OPTIONS, OptionRow

_INTRODUCTION = """\
# Options

Every option has an ini twin (`pytest.ini`, `[tool.pytest.ini_options]`, or `-o NAME=VALUE`).
The command line wins over the ini file, the ini file over the default.  Without
`--pet2rep-model` (or `pet2rep_model`) the plugin does nothing.

| option | ini key | default | meaning |
|---|---|---|---|
"""


def option_reference() -> str:
    """Return the page as Markdown."""
    return _INTRODUCTION + "".join(_line(row) for row in OPTIONS)


def _line(row: OptionRow) -> str:
    value = "" if row.switch else "=" + ("|".join(row.choices) or row.metavar)
    option = f"{row.flag}{value}".replace("|", "\\|")
    default = f"`{row.default}`" if row.default else ("off" if row.switch else "not set")
    more = " (repeatable)" if row.repeatable else ""
    return f"| `{option}` | `{row.ini}` | {default} | {row.help}{more} |\n"
