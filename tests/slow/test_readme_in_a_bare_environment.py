"""A newcomer who follows the README's blocks reaches a summary of their own texts.

The blocks run as they stand in a copy of the tracked files, with a Python that has no package
installed and an environment of next to nothing.  ``PIP_*`` passes through, for mirrors and
constraints.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
TEN_MINUTES = 600
REPORTS = 45

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3 * TEN_MINUTES)]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What ``git clone`` of the working tree would give."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\0")
    there = tmp_path / "checkout"
    for name in filter(None, listed):
        # A file that is being removed is tracked still.
        if (ROOT / name).is_file():
            (there / name).parent.mkdir(parents=True, exist_ok=True)
            (there / name).write_bytes((ROOT / name).read_bytes())
    return there


@pytest.fixture
def bare(tmp_path: Path) -> Mapping[str, str]:
    """An environment without a virtual one, a Python path, or anybody's settings."""
    home = tmp_path / "home"
    home.mkdir()
    kept = {key: value for key, value in os.environ.items() if key.startswith("PIP_")}
    python = Path(sys.base_prefix) / "bin"
    return {
        **kept,
        "HOME": str(home),
        "PATH": f"{python}:/usr/local/bin:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "PET2REP_CACHE": str(tmp_path / "cache"),
    }


def own_outputs(folder: Path) -> None:
    """Write 45 reports of a model: every third one is of another patient."""
    paths = sorted((ROOT / "cases").glob("*/report.zh.txt"))[:REPORTS]
    texts = [path.read_text(encoding="utf-8") for path in paths]
    lines = [
        {
            "id": path.parent.name,
            "reference": text,
            "prediction": texts[(number + 1) % REPORTS] if number % 3 == 0 else text,
        }
        for number, (path, text) in enumerate(zip(paths, texts, strict=True))
    ]
    told = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    (folder / "outputs.jsonl").write_text(told, encoding="utf-8")


def block(pattern: str) -> str:
    """The one block of the README that the pattern finds."""
    (found,) = re.findall(pattern, README, re.MULTILINE)
    return str(found)


def run(commands: str, at: Path, environment: Mapping[str, str]) -> str:
    done = subprocess.run(
        ["bash", "-e"],
        input=commands,
        cwd=at,
        env=dict(environment),
        capture_output=True,
        text=True,
        timeout=2 * TEN_MINUTES,
        check=False,
    )
    assert done.returncode == 0, f"{commands}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


def test_the_blocks_of_the_readme_lead_to_a_summary_of_own_texts_within_ten_minutes(
    checkout: Path, bare: Mapping[str, str]
) -> None:
    begun = time.monotonic()
    first = run(block(r"<!-- main -->\n```bash\n(.+)\n```"), checkout, bare)
    assert "pet2rep: exit 0" in first
    own_outputs(checkout)
    score = block(r"^(pet2rep score \S+\.jsonl)$")
    shown = run(f". .venv/bin/activate\n{score}", checkout, bare)
    # A promise to newcomers, not a benchmark: two minutes on two busy cores.
    assert time.monotonic() - begun < TEN_MINUTES
    assert re.search(rf"\b{REPORTS}\b", shown)
    assert re.search(r"^ce_f1 ", shown, re.MULTILINE)
    replayed = run(
        ". .venv/bin/activate\n"
        "pet2rep import pairs outputs.jsonl own\n"
        "pytest --pet2rep-model=replay/own/outputs.jsonl --pet2rep-cases=own"
        " --pet2rep-expectations=report --pet2rep-run-dir=own-run\n"
        "pet2rep show own-run\n",
        checkout,
        bare,
    )
    assert f"{REPORTS} cases" in replayed
    installed = run(". .venv/bin/activate\npip list --format=freeze", checkout, bare)
    assert "torch==" not in installed
