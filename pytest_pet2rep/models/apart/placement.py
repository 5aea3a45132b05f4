"""Which devices each process that holds a model may use: an index into the caller's own list."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

LIST = "CUDA_VISIBLE_DEVICES"
"""Read by CUDA, and by PyTorch's ROCm builds too."""
_SIGNS = ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg")
_COUNT = "import torch; print(torch.cuda.device_count())"
_SECONDS_TO_COUNT = 120.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Placement:
    """What a provider says of the memory that one copy of its model takes."""

    devices: int = 1
    """Devices that one process needs; 0: all there are."""
    processes_per_device: int = 1
    named: bool = False
    """The user named the device: the list of visible ones stays as it is."""


def places(
    placement: Placement, visible: Sequence[str], *, workers: int
) -> tuple[tuple[str, ...] | None, ...]:
    """The devices of each process that holds the model; never more processes than workers.

    ``None`` stands for a process whose environment is left alone: on a machine without devices,
    and where the user named the device.  Devices that do not make up a whole share stay unused.
    """
    share = placement.devices or len(visible)
    groups: list[tuple[str, ...] | None] = [
        tuple(visible[start : start + share])
        for start in range(0, len(visible) - share + 1, share or 1)
        if share
    ]
    if placement.named or not groups:
        groups = [None]
    return tuple((groups * placement.processes_per_device)[:workers])


def visible_devices(
    environment: Mapping[str, str] = os.environ, count: Callable[[], int] | None = None
) -> tuple[str, ...]:
    """The caller's devices by number or name, as in its own list if it has one, in that order."""
    listed = environment.get(LIST)
    if listed is None:
        return tuple(str(index) for index in range((count or _devices_here)()))
    names = []
    for name in listed.split(","):
        # CUDA does not look behind the first entry that is none.
        if name.strip() in ("", "-1"):
            break
        names.append(name.strip())
    return tuple(names)


def environment_of(place: Sequence[str] | None, environment: Mapping[str, str]) -> dict[str, str]:
    """The environment of a process that may use these devices only."""
    return {**environment} if place is None else {**environment, LIST: ",".join(place)}


def _devices_here() -> int:
    """Devices of this machine, asked in another process: counting them takes memory on each."""
    if not (shutil.which("nvidia-smi") or any(Path(sign).exists() for sign in _SIGNS)):
        return 0
    try:
        counted = subprocess.run(
            [sys.executable, "-c", _COUNT],
            capture_output=True, text=True, check=True, timeout=_SECONDS_TO_COUNT,
        )  # fmt: skip
        return int(counted.stdout)
    except (OSError, ValueError, subprocess.SubprocessError):
        return 0
