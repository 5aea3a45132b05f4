"""Everything from nothing to the model: ``python train.py WORK-FOLDER``.

Makes pictures in a process of its own, trains the tower on what is there already, then the
decoder, and writes WORK-FOLDER/model.  Given again after an interruption it goes on where it was.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
MOST_BODIES = 4000
FIRST_FILES = 8
"""Training begins when so many files of pictures are there."""


def main() -> None:
    """Command line."""
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("folder", type=Path)
    options.add_argument("--seeing-minutes", type=float, default=50.0)
    options.add_argument("--speaking-minutes", type=float, default=40.0)
    options.add_argument("--threads", type=int, default=1, help="the pictures take another core")
    options.add_argument("--bodies", type=int, default=MOST_BODIES)
    chosen = options.parse_args()
    pool = chosen.folder / "pool"
    pool.mkdir(parents=True, exist_ok=True)
    painter = subprocess.Popen(
        [sys.executable, str(HERE / "pool.py"), str(pool), "--bodies", str(chosen.bodies)]
    )
    try:
        while len(list(pool.glob("*.npz"))) < FIRST_FILES and painter.poll() is None:
            time.sleep(1)
        checkpoints = chosen.folder / "seeing.pt", chosen.folder / "speaking.pt"
        threads = ["--threads", str(chosen.threads)]
        run("seeing.py", pool, checkpoints[0], "--minutes", chosen.seeing_minutes, *threads)
        run(
            "speaking.py", pool, *checkpoints, chosen.folder / "model",
            "--minutes", chosen.speaking_minutes, *threads,
        )  # fmt: skip
    finally:
        painter.terminate()
        painter.wait()


def run(script: str, *words: object) -> None:
    """Run one stage; an error ends the training."""
    subprocess.run([sys.executable, str(HERE / script), *map(str, words)], check=True)


if __name__ == "__main__":
    main()
