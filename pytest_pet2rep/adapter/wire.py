"""A record as the one JSON string that crosses from a worker to the controller.

Only text crosses: a numpy scalar, a path or an enum in ``user_properties`` would kill an xdist
session.  The property rides on the report of the *call* phase, so that it reaches the
controller with the item and never enters JUnit, which reads the teardown report.
"""

from __future__ import annotations

import json

from pytest_pet2rep.run.records import record_from_plain, record_to_plain
from pytest_pet2rep.types import Record

PROPERTY = "pet2rep_record"


def to_wire(record: Record) -> str:
    """Return ``record`` as one line of JSON, builtin types only."""
    return json.dumps(record_to_plain(record), ensure_ascii=True, sort_keys=True)


def from_wire(text: str) -> Record:
    """Return the record that ``to_wire`` wrote."""
    return record_from_plain(json.loads(text))
