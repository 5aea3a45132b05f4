"""Installed but not asked for, the plugin does nothing, and costs nothing."""

from __future__ import annotations

import subprocess
import sys

import pytest

FOREIGN = "def test_one():\n    assert True\n"
HEAVY = ("numpy", "scipy", "torch", "transformers", "nibabel", "PIL", "jieba", "filelock")


def test_importing_the_plugin_loads_nothing_but_pytest() -> None:
    script = (
        "import sys, pytest; before = set(sys.modules); import pytest_pet2rep.plugin; "
        "print(sorted(set(sys.modules) - before))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "['pytest_pet2rep', 'pytest_pet2rep.plugin']"


def test_a_foreign_project_sees_nothing_of_the_plugin(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_foreign=FOREIGN)
    pytester.makefile(".toml", case="this is = not a case")
    before = sorted(pytester.path.iterdir())
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    result.assert_outcomes(passed=1)
    assert "pet2rep" not in result.stdout.str().replace("plugins: ", "").split("rootdir")[0]
    made_by_pytester = {"runpytest-0", "runpytest-current", "stdout", "stderr", "__pycache__"}
    assert [p for p in sorted(pytester.path.iterdir()) if p.name not in made_by_pytester] == before


def test_a_run_without_a_model_loads_nothing_heavy(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        test_loaded=(
            f"import sys\ndef test_loaded():\n    assert not {set(HEAVY)!r} & set(sys.modules)\n"
        )
    )
    pytester.runpytest_subprocess("-p", "no:hypothesispytest").assert_outcomes(passed=1)


def test_every_option_has_an_ini_twin_with_the_same_name(pytester: pytest.Pytester) -> None:
    help_text = pytester.runpytest_subprocess("--help").stdout.str()
    from pytest_pet2rep.adapter.option_table import OPTIONS

    for row in OPTIONS:
        assert row.flag in help_text
        assert row.ini in help_text
