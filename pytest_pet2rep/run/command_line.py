"""The parser of ``pet2rep``: mistakes in one line, help on one screen, completion by the shell."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

from pytest_pet2rep.errors import MissingDependency

SHELLS = ("bash", "zsh", "tcsh")
_LONGEST_USAGE = 3
"""Lines; the options are listed below anyway."""


class CompactHelp(argparse.HelpFormatter):
    """Help of one command on a screen of 24 lines and 80 columns, where that can be."""

    def __init__(self, prog: str, **more: Any) -> None:
        super().__init__(prog, max_help_position=34, **more)

    def add_argument(self, action: argparse.Action) -> None:
        """Leave out what the usage line says already: a position without a help text."""
        if action.option_strings or action.help or action.nargs == argparse.PARSER:
            super().add_argument(action)

    def _format_usage(
        self,
        usage: str | None,
        actions: Iterable[argparse.Action],
        groups: Iterable[argparse._MutuallyExclusiveGroup],
        prefix: str | None,
    ) -> str:
        actions = list(actions)
        whole = super()._format_usage(usage, actions, groups, prefix)
        if whole.strip().count("\n") < _LONGEST_USAGE:
            return whole
        needed = [a for a in actions if a.required or not a.option_strings]
        options = [a for a in needed if a.option_strings]
        positional = [a for a in needed if not a.option_strings]
        short = super()._format_usage(None, [*options, *positional], [], prefix)
        first, rest = short.split(self._prog, 1)
        return f"{first}{self._prog} [options]{rest}"


class Parser(argparse.ArgumentParser):
    """Says a wrong option in one line and exits with 4, like every other mistake."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**{"formatter_class": CompactHelp} | more)

    def error(self, message: str) -> NoReturn:
        self.exit(4, f"{self.prog}: {message}\n")


class RootParser(Parser):
    """Lists its commands, one line each, and little else."""

    def format_help(self) -> str:
        names = [(c.dest, c.help or "") for c in _listed(self)]
        width = max((len(name) for name, _ in names), default=0)
        lines = [f"  {name:{width}}  {text}" for name, text in names]
        usage = f"usage: {self.prog} COMMAND ...   (COMMAND --help, --version, --print-completion)"
        return "\n".join([usage, "", *lines, "", self.epilog or ""]) + "\n"


class PrintCompletion(argparse.Action):
    """Prints the completion script of a shell and exits."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**more, choices=SHELLS, metavar="SHELL")

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        print(completion_script(parser, str(values)))
        parser.exit(0)


def add_allowed(parser: argparse.ArgumentParser) -> None:
    """Add the option by which a difference of two runs is accepted."""
    parser.add_argument(
        "--allow-difference",
        action="append",
        default=[],
        metavar="NAME",
        help="accept it (the refusal names it)",
    )


def completion_script(parser: argparse.ArgumentParser, shell: str) -> str:
    """Return the script that completes commands, options and files.

    Raises ``MissingDependency`` without shtab.
    """
    try:
        import shtab
    except ModuleNotFoundError as why:
        raise MissingDependency("shell completion", "shtab", "completion") from why
    for action in _actions(parser):
        if action.type is Path:
            action.complete = shtab.FILE  # type: ignore[attr-defined]
    return str(shtab.complete(parser, shell=shell))


def _listed(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    return [
        choice
        for action in parser._actions
        if isinstance(action, argparse._SubParsersAction)
        for choice in action._get_subactions()
    ]


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    for action in parser._actions:
        yield action
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                yield from _actions(command)
