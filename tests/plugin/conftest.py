"""A small cohort, stored outputs and a countable model for tests that run pytest in pytest."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from typing import Any

import pytest

REFERENCE = (
    "影像所见：脑实质密度未见异常，FDG摄取未见异常。两肺纹理清晰，FDG摄取未见异常。"
    "肝右叶见低密度结节，FDG摄取增高。脾脏大小正常，FDG摄取未见异常。"
    "左肾见囊状低密度灶，FDG摄取缺失。骨质结构完整，FDG摄取未见异常。\n"
    "影像诊断：肝右叶结节伴FDG摄取增高，考虑恶性。"
)
MISSING_THE_LIVER = REFERENCE.replace(
    "肝右叶见低密度结节，FDG摄取增高", "肝脏形态正常，FDG摄取未见异常"
).replace("肝右叶结节伴FDG摄取增高，考虑恶性", "左肾囊肿")
COUNTED = """
import os, pathlib, time
LOG = pathlib.Path(os.environ["COUNT_LOG"])

class Model:
    needs_images = False
    sees_reference = True

    def generate(self, request):
        with LOG.open("a") as log:
            log.write(f"{request.case_id}\\n")
        if request.case_id in os.environ.get("DIE_IN", "").split():
            os._exit(17)
        time.sleep(float(os.environ.get("SECONDS", "0")))
        return request.reference
"""


UNDER_XDIST = re.compile(r"\b(n2|two)\b")
QUICK_UNDER_XDIST = ("test_same_result_everywhere.py", "test_exit_codes.py")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave most runs under xdist to the slow tests: each takes three processes.

    That serial and distributed runs agree, and end with the same codes, is tried every time.
    """
    for item in items:
        parameters = getattr(item, "callspec", None)
        if parameters is None or item.path.parent != Path(__file__).parent:
            continue
        if item.path.name in QUICK_UNDER_XDIST or parameters.id == "failed-n2":
            continue
        if UNDER_XDIST.search(parameters.id):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(autouse=True)
def _artefacts_are_valid(request: pytest.FixtureRequest) -> Generator[None]:
    """Hold everything that a test leaves behind against the published schemas.

    A folder with a file ``SPOILT`` is left out.
    """
    wanted = "pytester" in request.fixturenames
    folder: Path | None = request.getfixturevalue("pytester").path if wanted else None
    yield
    if folder is not None:
        from tests.validated import validate_files

        validate_files(folder)


@pytest.fixture
def make_case(pytester: pytest.Pytester) -> Callable[..., Path]:
    """Write one case into the cohort folder and return its case file."""

    def make(
        case_id: str = "PET-1", reference: str = REFERENCE, extra: str = "", lang: str = "zh"
    ) -> Path:
        folder = pytester.path / "cohort" / case_id
        folder.mkdir(parents=True)
        (folder / f"report.{lang}.txt").write_text(reference, encoding="utf-8")
        case_file = folder / "case.toml"
        case_file.write_text(
            f'id = "{case_id}"\nlanguage = "{lang}"\nprivate = false\n{extra}', encoding="utf-8"
        )
        return case_file

    return make


@pytest.fixture
def cohort(make_case: Callable[..., Path]) -> Path:
    """Three cases."""
    paths = [make_case(f"PET-{number}") for number in (1, 2, 3)]
    return paths[0].parents[1]


@pytest.fixture
def outputs(pytester: pytest.Pytester) -> Callable[[Mapping[str, str | None]], str]:
    """Write stored outputs and return the model name that replays them."""

    def write(texts: Mapping[str, str | None]) -> str:
        lines = [json.dumps({"id": i, "prediction": t}) for i, t in texts.items()]
        (pytester.path / "outputs.jsonl").write_text("\n".join(lines), encoding="utf-8")
        return "replay/outputs.jsonl"

    return write


@pytest.fixture
def counted(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model that logs every generation; returns the log."""
    pytester.makepyfile(counted=COUNTED)
    log = pytester.path / "generations.log"
    monkeypatch.setenv("COUNT_LOG", str(log))
    monkeypatch.setenv("PYTHONPATH", str(pytester.path))
    monkeypatch.setenv("PET2REP_CACHE", str(pytester.path / "cache"))
    return log


@pytest.fixture
def run(pytester: pytest.Pytester) -> Callable[..., pytest.RunResult]:
    """Run pytest in a process of its own on the cohort."""

    def go(model: str, *arguments: str, cases: str = "cohort") -> pytest.RunResult:
        chosen = (f"--pet2rep-cases={cases}",) if cases else ()
        return pytester.runpytest_subprocess(
            # The plugin of hypothesis takes seconds to load at the end of every run.
            "-p",
            "no:hypothesispytest",
            f"--pet2rep-model={model}",
            *chosen,
            *arguments,
            timeout=300,
        )

    return go


def journal_of(store: Path) -> list[dict[str, Any]]:
    """Return what the journal of a store holds, line by line."""
    parts = sorted(store.glob("journal/*.jsonl"))
    return [json.loads(line) for part in parts for line in part.read_text().splitlines()]


def read_json(path: Path, *, timing: bool = False) -> dict[str, Any]:
    """Read a summary; without its timing block, which alone may differ between equal runs."""
    summary: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if not timing:
        del summary["timing"]
    return summary
