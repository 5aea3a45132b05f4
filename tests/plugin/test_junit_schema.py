"""JUnit files held against the schema of the Jenkins xUnit plugin, which pytest tests itself with.

It is fetched from pytest's source distribution: nothing of it is kept here.
"""

from __future__ import annotations

import subprocess
import sys
import tarfile
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import junitparser
import pytest
import xmlschema

from tests.plugin.conftest import MISSING_THE_LIVER, REFERENCE

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
Run = Callable[..., pytest.RunResult]
OUTCOMES: dict[str, str | None] = {
    "PET-1": MISSING_THE_LIVER,
    "PET-2": REFERENCE,
    "PET-3": "很抱歉，作为人工智能助手，我无法根据这些图像提供医学诊断报告。",
}
GATES = (
    "--pet2rep-gate=error_rate <= 0.02",
    "--pet2rep-gate=must_pass = [PET-1, liver]",
    "--pet2rep-gate=ce_f1 >= 0.5",
)
SOURCES = f"pytest=={pytest.__version__}"


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> xmlschema.XMLSchema:
    """The schema, out of the sources of the pytest that runs."""
    folder = tmp_path_factory.mktemp("sources")
    pip = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-binary=pytest", SOURCES]
    fetched = subprocess.run(
        [*pip, f"--dest={folder}"], capture_output=True, text=True, check=False
    )
    if fetched.returncode:
        why = (fetched.stderr.strip() or "it said nothing").splitlines()[-1]
        pytest.skip(f"the sources of pytest cannot be fetched from a package index: {why}")
    (archive,) = folder.glob("pytest-*.tar.gz")
    with tarfile.open(archive) as sources:
        (name,) = [name for name in sources.getnames() if name.endswith("/junit-10.xsd")]
        found = sources.extractfile(name)
        assert found is not None
        return xmlschema.XMLSchema(found.read().decode())


@pytest.fixture
def model(make_case: Callable[..., Path], outputs: Callable[..., str]) -> str:
    for case in OUTCOMES:
        make_case(case)
    return outputs(OUTCOMES)


@pytest.mark.parametrize(
    ("more", "results"),
    [
        ((), [None, junitparser.Failure, junitparser.Failure, junitparser.Failure]),
        (
            ("--pet2rep-undecided=pass",),
            [None, junitparser.Failure, junitparser.Skipped, junitparser.Failure],
        ),
        (("--pet2rep-limit=2",), [*[junitparser.Error] * 3, junitparser.Failure]),
        (("--pet2rep-shard=1/2",), [*[junitparser.Skipped] * 3, None]),
    ],
    ids=["passed, failed, undecided", "undecided passes", "not measured", "deferred"],
)
def test_the_gates_file_is_valid_whatever_the_verdicts(
    pytester: pytest.Pytester,
    run: Run,
    model: str,
    published: xmlschema.XMLSchema,
    more: tuple[str, ...],
    results: list[type | None],
) -> None:
    run(model, "--pet2rep-gates-junit=gates.xml", *GATES, *more)
    file = pytester.path / "gates.xml"
    published.validate(file)
    found = [case.result for suite in junitparser.JUnitXml.fromfile(str(file)) for case in suite]
    assert [type(each[0]) if each else None for each in found] == results


@pytest.mark.parametrize(("mode", "missed"), [("strict", "failure"), ("report", "skipped")])
def test_pytests_own_file_is_valid_but_for_the_properties_that_pytest_gives_its_tests(
    pytester: pytest.Pytester,
    run: Run,
    model: str,
    published: xmlschema.XMLSchema,
    mode: str,
    missed: str,
) -> None:
    """What ``record_property`` writes is outside this schema, as the manual of pytest warns."""
    run(model, "--junitxml=items.xml", f"--pet2rep-expectations={mode}")
    tree = ET.parse(pytester.path / "items.xml")
    cases = list(tree.iter("testcase"))
    assert {part.tag for case in cases for part in case} == {"properties", missed}
    for case in cases:
        (properties,) = case.findall("properties")
        assert {"case", "check", "outcome"} <= {each.attrib["name"] for each in properties}
        case.remove(properties)
    published.validate(tree)
