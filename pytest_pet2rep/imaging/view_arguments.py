"""Rendering options as text, the way they are typed: ``suv_max=15``, ``plane=axial``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

from pytest_pet2rep.errors import UnknownName, UsageProblem
from pytest_pet2rep.imaging.options import COLORMAPS, Choice, Plane, ViewOptions, Views

Reader = Callable[[str, str], Any]


def view_options_from(arguments: Mapping[str, str]) -> ViewOptions:
    """Make ``ViewOptions`` of their fields as text; what is not named keeps its default.

    Lists are separated by commas (``fractions=0.4,0.5``), ``aspect`` is ``true`` or ``false``.
    Raises ``UnknownName`` for a key or name that does not exist, with the nearest ones, and
    ``UsageProblem`` for a value that cannot be read or makes no sense.
    """
    for key in arguments:
        if key not in _READERS:
            raise UnknownName("view option", key, _READERS)
    return ViewOptions(**{key: _READERS[key](key, text) for key, text in arguments.items()})


def _name_of(names: type[StrEnum]) -> Reader:
    def read(key: str, text: str) -> StrEnum:
        known = [name.value for name in names]
        if text.strip() not in known:
            raise UnknownName(f"{key} of the view options", text, known)
        return names(text.strip())

    return read


def _colormap(key: str, text: str) -> str:
    if text.strip() not in COLORMAPS:
        raise UnknownName(f"{key} of the view options", text, COLORMAPS)
    return text.strip()


def _number(key: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise UsageProblem(f"view options: {key}={text} is not a number") from None


def _whole(key: str, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise UsageProblem(f"view options: {key}={text} is not a whole number") from None


def _several(read: Callable[[str, str], Any]) -> Reader:
    return lambda key, text: tuple(read(key, item) for item in text.split(","))


def _window(key: str, text: str) -> tuple[float, float]:
    numbers = [_number(key, item) for item in text.split(",")]
    if len(numbers) != 2:
        raise UsageProblem(
            f"view options: {key}={text} needs the HU of black and of white, as in {key}=-1000,1000"
        )
    return numbers[0], numbers[1]


def _truth(key: str, text: str) -> bool:
    words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    if text.strip().lower() not in words:
        raise UsageProblem(f"view options: {key}={text} is neither true nor false")
    return words[text.strip().lower()]


_READERS: Mapping[str, Reader] = {
    "views": _name_of(Views), "plane": _name_of(Plane), "choice": _name_of(Choice),
    "fractions": _several(_number), "indices": _several(_whole), "count": _whole,
    "suv_max": _number, "ct_window": _window, "alpha": _number, "colormap": _colormap,
    "aspect": _truth,
}  # fmt: skip
