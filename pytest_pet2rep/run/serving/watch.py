"""Runs a command until it ends, or until whoever started this process is gone.

A script of its own, with nothing but the standard library: ``serving.py`` starts it with the
command as arguments.  It says the number of the process group on standard output; the output of
the command goes where standard error goes.  Standard input is a pipe that is never written to:
its end is the end of the run.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time

_SECONDS_TO_END = 10.0
_NOT_FOUND = 127


def main(command: list[str]) -> int:
    """Run ``command`` in a group of its own; returns its exit code, 128 + N for signal N."""
    try:
        server = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr,
            start_new_session=True,
        )
    except OSError as why:
        print(f"{command[0]} cannot be run: {why}", file=sys.stderr, flush=True)
        return _NOT_FOUND
    print(server.pid, flush=True)
    signal.signal(signal.SIGTERM, lambda *_: _end(server))
    threading.Thread(target=_end_with_the_run, args=(server,), daemon=True).start()
    code = server.wait()
    _signal_group(server, signal.SIGKILL)  # what it started and left behind
    return code if code >= 0 else 128 - code


def _end_with_the_run(server: subprocess.Popen[bytes]) -> None:
    while os.read(0, 1024):
        continue
    _end(server)


def _end(server: subprocess.Popen[bytes]) -> None:
    """Ask the whole group to end, and kill what has not after some seconds."""
    _signal_group(server, signal.SIGTERM)
    deadline = time.monotonic() + _SECONDS_TO_END
    while server.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    _signal_group(server, signal.SIGKILL)


def _signal_group(server: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(server.pid, number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
