"""--pet2rep-redact: no text leaves the store, whatever fails and however it is shown."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., pytest.RunResult]
MARKED = """
class Model:
    needs_images = False
    sees_reference = True

    def generate(self, request):
        print("机密 printed")
        if request.case_id == "PET-3":
            raise ValueError("机密 raised")
        seen = "肝右叶见低密度结节，FDG摄取增高"
        return request.reference.replace(seen, "肝脏机密，FDG摄取未见异常")
"""
OWN_CHECK = """
import pytest

def test_own(pet2rep_report):
    print(pet2rep_report)
    assert "no such word" in pet2rep_report

def test_skipped(pet2rep_report):
    pytest.skip(pet2rep_report)

def test_said(pet2rep_report):
    pytest.fail(pet2rep_report, pytrace=False)
"""
SECRETS = ("机密", "肝脏", "肝右叶", "脑实质")


@pytest.fixture
def artefacts(
    pytester: pytest.Pytester, cohort: Path, run: Run, counted: Path
) -> Callable[..., dict[str, str]]:
    pytester.makepyfile(marked=MARKED, test_own_check=OWN_CHECK)

    def make(*arguments: str) -> dict[str, str]:
        result = run(
            "py/marked:Model",
            "cohort",
            "test_own_check.py",
            "-vv",
            "-rA",
            "--showlocals",
            "--pet2rep-store=store",
            "--pet2rep-json=summary.json",
            "--pet2rep-run-dir=run",
            "--junitxml=junit.xml",
            "-o",
            "junit_logging=all",
            *arguments,
        )
        assert result.ret == 1
        files = ["summary.json", "junit.xml"]
        found = {name: (pytester.path / name).read_text(encoding="utf-8") for name in files}
        for path in sorted((pytester.path / "run").rglob("*")):
            if path.is_file():
                found[str(path.relative_to(pytester.path))] = _readable(path)
        return {"terminal": "\n".join([*result.outlines, *result.errlines]), **found}

    return make


def _readable(path: Path) -> str:
    """Return what a file holds, escapes of JSON resolved."""
    import gzip

    content = path.read_bytes()
    if content[:2] == b"\x1f\x8b":
        content = gzip.decompress(content)
    text = content.decode("utf-8")
    return text + text.encode().decode("unicode_escape", "replace")


def holding(artefacts: dict[str, str], *words: str) -> set[str]:
    return {name for name, text in artefacts.items() if any(word in text for word in words)}


def test_without_it_texts_are_shown_so_that_the_test_below_can_fail(
    artefacts: Callable[..., dict[str, str]],
) -> None:
    shown = holding(artefacts(), *SECRETS)
    assert {"terminal", "junit.xml"} <= shown
    assert any(name.startswith("run/") for name in shown)


@pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["serial", "n2"])
def test_with_it_nothing_but_the_store_holds_a_text(
    pytester: pytest.Pytester, artefacts: Callable[..., dict[str, str]], workers: tuple[str, ...]
) -> None:
    found = artefacts("--pet2rep-redact", *workers)
    assert holding(found, *SECRETS) == set()
    terminal = found["terminal"]
    assert "liver: expected increased, got normal" in terminal
    assert "liver: error (text withheld: --pet2rep-redact)" in terminal
    assert "AssertionError (text withheld: --pet2rep-redact)" in terminal
    kept = [path.read_text() for path in (pytester.path / "store").glob("texts/*/*.txt")]
    assert any("机密" in text for text in kept)
