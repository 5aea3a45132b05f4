"""The templates of the report: autoescaped, and with invisible characters made visible."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from typing import TYPE_CHECKING, Any

from pytest_pet2rep.errors import MissingDependency
from pytest_pet2rep.render.html.reasons import in_chinese
from pytest_pet2rep.render.numbers import score, signed
from pytest_pet2rep.render.untrusted import terminal_safe

if TYPE_CHECKING:
    from jinja2 import Environment

FOLDER = "data/report"
MOST_LETTERS = 4_000
"""Of any one text outside the pages of the cases: a name or a reason that is longer is cut."""


def check_jinja() -> None:
    """Raise ``MissingDependency`` where the package that fills the templates is not installed."""
    from importlib.util import find_spec

    if find_spec("jinja2") is None:
        raise MissingDependency("the HTML report", "jinja2", "report")


def render_page(
    values: Mapping[str, Any], organ_names: Mapping[str, Mapping[str, str]], language: str
) -> str:
    """Fill the templates and return the page.

    ``values`` are what the templates name; everything in it is text of unknown origin and is
    escaped.  ``organ_names`` is organ id -> language -> name.  ``language`` (``zh`` or ``en``) is
    that of the interface at first sight.  Raises ``MissingDependency`` without Jinja2.
    """
    check_jinja()
    from pytest_pet2rep.render.html.embedding import policy_hash
    from pytest_pet2rep.render.html.words import interface_words

    style, script = _part("page.css"), _part("page.js")
    environment = _environment(language)
    return environment.get_template("page.html").render(
        values,
        organ_names={organ: dict(names) for organ, names in organ_names.items()},
        language=language,
        words={key: dict(word) for key, word in interface_words().items()},
        style=_trusted(style),
        script=_trusted(script),
        style_hash=policy_hash(style),
        script_hash=policy_hash(script),
    )


def _environment(language: str) -> Environment:
    import jinja2
    from markupsafe import Markup, escape

    from pytest_pet2rep.render.html.embedding import json_block
    from pytest_pet2rep.render.html.words import interface_words

    words = interface_words()

    def said(reason: str) -> str | Markup:
        """A reason, which the reader can switch where it has a Chinese version."""
        english = str(visible(reason))
        chinese = in_chinese(english)
        if not chinese:
            return reason
        zh = language == "zh"
        return Markup('<span data-en="{}" data-zh="{}" lang="{}">{}</span>').format(
            english, chinese, "zh-CN" if zh else "en", chinese if zh else english
        )

    def visible(value: object) -> object:
        """Every output: plain text loses its power over direction, cursor and terminal."""
        if value is None:
            return ""
        if isinstance(value, str) and not isinstance(value, Markup):
            return terminal_safe(value[:MOST_LETTERS], line_feeds=True)
        return value

    def word(key: str, fallback: str = "") -> Markup:
        """An interface word that the reader can switch; an unknown one is shown as it is."""
        found = words.get(key)
        if found is None:
            return escape(visible(fallback or key.rpartition(".")[2].replace("_", " ")))
        return Markup('<span data-w="{}">{}</span>').format(key, found[language])

    def plain_word(key: str, fallback: str = "") -> str:
        found = words.get(key)
        return found[language] if found else fallback or key.rpartition(".")[2].replace("_", " ")

    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_template),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=visible,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(w=word, pw=plain_word, said=said, json_block=json_block)
    environment.filters.update(score=score, signed=signed)
    return environment


def _template(name: str) -> str:
    return _part(name)


def _part(name: str) -> str:
    return (resources.files("pytest_pet2rep") / f"{FOLDER}/{name}").read_text(encoding="utf-8")


def _trusted(text: str) -> Any:
    """Mark our own style or script as such: both are files of this package."""
    from markupsafe import Markup

    return Markup(text)
