"""JUnit XML: the structure that CI systems agree on, and no more.

``testsuites`` > ``testsuite`` (``properties``, ``testcase``); a test case holds at most one of
``failure``, ``error``, ``skipped``, and ``system-out``.  Source: the schema of the Jenkins xUnit
plugin, which GitLab and GitHub report actions read too.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from pytest_pet2rep.render.untrusted import terminal_safe

_NO_XML = str.maketrans({"\ufffe": "\\ufffe", "\uffff": "\\uffff"})


class Result(StrEnum):
    """What became of a test case; the value is the name of its element, empty for passed."""

    PASSED = ""
    FAILURE = "failure"
    ERROR = "error"
    SKIPPED = "skipped"


@dataclass(frozen=True, kw_only=True, slots=True)
class JunitCase:
    """One test case."""

    classname: str
    name: str
    result: Result = Result.PASSED
    type: str = ""
    """Word for the kind of failure or error."""
    message: str = ""
    """Why it did not pass, one line."""
    output: Sequence[str] = ()
    """Lines of ``system-out``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class JunitSuite:
    """Test cases under one name, with facts that hold for all of them."""

    name: str
    cases: Sequence[JunitCase]
    properties: Mapping[str, str] = field(default_factory=dict)
    timestamp: str = ""
    """ISO 8601 without zone, as the schema wants it."""


def junit_xml(suite: JunitSuite) -> str:
    """Return a JUnit file with one suite; equal suites give equal text.

    Characters that XML cannot hold, or that do not show, are written as their escapes.
    """
    counts = {
        "tests": len(suite.cases),
        "failures": sum(case.result is Result.FAILURE for case in suite.cases),
        "errors": sum(case.result is Result.ERROR for case in suite.cases),
        "skipped": sum(case.result is Result.SKIPPED for case in suite.cases),
    }
    totals = {name: str(count) for name, count in counts.items()}
    root = ET.Element("testsuites")
    stamp = {"timestamp": suite.timestamp} if suite.timestamp else {}
    facts = {"name": _safe(suite.name), **totals, "time": "0", **stamp}
    top = ET.SubElement(root, "testsuite", facts)
    if suite.properties:
        listed = ET.SubElement(top, "properties")
        for name, value in suite.properties.items():
            ET.SubElement(listed, "property", name=_safe(name), value=_safe(value))
    for case in suite.cases:
        _add_case(top, case)
    ET.indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _add_case(suite: ET.Element, case: JunitCase) -> None:
    names = {"classname": _safe(case.classname), "name": _safe(case.name), "time": "0"}
    element = ET.SubElement(suite, "testcase", names)
    if case.result is not Result.PASSED:
        why = {"type": _safe(case.type), "message": _safe(case.message)}
        result = ET.SubElement(element, case.result.value, why)
        result.text = _safe(case.message)
    if case.output:
        ET.SubElement(element, "system-out").text = "\n".join(map(_safe, case.output))


def _safe(text: str) -> str:
    return terminal_safe(text).translate(_NO_XML)
