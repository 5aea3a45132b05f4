"""Every error that this project raises on purpose.

::

    Pet2repError                  root; its text is one sentence: what, where, what to do
    ├── UsageProblem              the person who typed the command can mend it
    │   ├── UnknownName           a name that no registry knows, with the nearest known ones
    │   ├── MissingDependency     an optional package is not installed
    │   └── MetricUnavailable     a requested metric cannot run here
    ├── DataProblem               the person who keeps the data can mend it
    │   ├── CaseFileError         a case.toml or cohort file is wrong (file, line, key)
    │   ├── ImagingError          a volume or slice cannot be read or makes no sense
    │   ├── PhantomError          a [phantom] table asks for a body that cannot be made (key)
    │   └── ImportProblem         a data set does not have the layout that it was said to have
    ├── GenerationFailed          the model under test gave no usable answer for one case
    │   └── GenerationTimeout     ... because it took too long
    └── StoreError                stored generations cannot be read or written

``UsageProblem`` becomes ``pytest.UsageError`` (exit 4) in the plugin and one line on stderr
in the command line.  ``GenerationFailed`` becomes the outcome ``error`` or ``timeout`` of the
case and never ends the run.  Anything else that escapes is a defect of this project.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path


class Pet2repError(Exception):
    """Root of all errors raised on purpose."""


class UsageProblem(Pet2repError):
    """A wrong option, name or combination, known before any generation."""


class UnknownName(UsageProblem):
    """A name that is not known.

    The message names what was looked for, the nearest known names, and all known names
    when there are few.
    """

    def __init__(self, kind: str, name: str, known: Iterable[str], hint: str = "") -> None:
        names = sorted(known)
        near = difflib.get_close_matches(name, names, n=2, cutoff=0.5)
        text = f"unknown {kind} {name!r}"
        if near:
            text += ": did you mean " + " or ".join(repr(n) for n in near) + "?"
        elif names and len(names) <= 30:
            text += ": known are " + ", ".join(names)
        super().__init__(f"{text} {hint}".rstrip())


class MissingDependency(UsageProblem):
    """An optional package is needed; the message holds the pip command."""

    def __init__(self, feature: str, package: str, extra: str) -> None:
        super().__init__(
            f"{feature} needs the package {package!r}, which is not installed: "
            f"pip install 'pytest-pet2rep[{extra}]'"
        )


class MetricUnavailable(UsageProblem):
    """A requested metric cannot be computed here: missing model or package, failed self-test."""


class DataProblem(Pet2repError):
    """Files on disk are not what they should be."""


class CaseFileError(DataProblem):
    """A case file is wrong.

    ``path`` is the file, ``line`` the 1-based line (``None`` where unknown) and ``key`` the dotted
    key (empty where the file as a whole is meant).
    """

    def __init__(self, message: str, path: Path, line: int | None = None, key: str = "") -> None:
        self.path, self.line, self.key = path, line, key
        where = f"{path}:{line}" if line is not None else str(path)
        super().__init__(f"{where}: {key + ': ' if key else ''}{message}")


class ImagingError(DataProblem):
    """A volume or slice cannot be read, converted or rendered."""


class PhantomError(DataProblem):
    """A ``[phantom]`` table asks for what cannot be made.

    ``key`` is the entry inside the table (``lesions[1].organ``), ``problem`` what is wrong with it.
    """

    def __init__(self, problem: str, key: str = "") -> None:
        self.key, self.problem = key, problem
        super().__init__(f"phantom{'.' + key if key else ''}: {problem}")


class ImportProblem(DataProblem):
    """A data set to import lacks a part or has another layout."""


class GenerationFailed(Pet2repError):
    """The model under test gave no answer for one case."""


class GenerationTimeout(GenerationFailed):
    """The model under test did not answer in time."""


class StoreError(Pet2repError):
    """The store of generations cannot be read or written."""
