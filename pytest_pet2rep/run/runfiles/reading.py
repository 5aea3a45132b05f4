"""Reading run files back: nothing is believed that does not hold together."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pytest_pet2rep.errors import DataProblem
from pytest_pet2rep.run.plan import PlannedItem
from pytest_pet2rep.run.runfiles.baselines import baseline_of
from pytest_pet2rep.run.runfiles.encoding import (
    hole_of,
    item_of,
    planned_of,
    profile_of,
    record_of,
    text_of,
)
from pytest_pet2rep.run.runfiles.rundata import (
    BASELINE_SCHEMA,
    CASE_SCHEMA,
    CASES_FILE,
    PLANNED_FILE,
    PLANNED_SCHEMA,
    RUN_FILE,
    RUN_SCHEMA,
    CaseKey,
    CaseText,
    MissingItem,
    RunData,
)
from pytest_pet2rep.run.shards import ShardSet
from pytest_pet2rep.run.summary_json import SCHEMA as SUMMARY_SCHEMA
from pytest_pet2rep.types import Record

LOST = f"its record is missing from {CASES_FILE}"


def read_run(path: Path) -> RunData:
    """Read a run folder, its ``run.json`` or a baseline file; see ``runfiles.load_run``."""
    file = _run_file(path)
    plain = read_object(file)
    if str(plain.get("schema", "")).startswith(BASELINE_SCHEMA.rpartition("/")[0] + "/"):
        check_schema(plain, BASELINE_SCHEMA, file)
        decode = baseline_of
    else:
        check_schema(plain, RUN_SCHEMA, file)
        decode = _run_of
    try:
        return decode(plain, file)
    except (KeyError, TypeError, ValueError, AttributeError) as why:
        raise DataProblem(
            f"{file} does not hold together ({type(why).__name__}: {why}): it was changed or is "
            f"torn; write it again"
        ) from why


def read_plan(folder: Path) -> tuple[PlannedItem, ...]:
    """Read the plan of a run that did not come to its end.  Raises ``DataProblem``."""
    file = folder / PLANNED_FILE
    plain = read_object(file)
    check_schema(plain, PLANNED_SCHEMA, file)
    try:
        return planned_of(plain["planned"])
    except (KeyError, TypeError, AttributeError) as why:
        raise DataProblem(f"{file} is no plan of a run ({why}): write it again") from why


def read_object(file: Path) -> dict[str, Any]:
    """Read a file that holds one JSON object.  Raises ``DataProblem``."""
    try:
        plain = json.loads(file.read_text(encoding="utf-8"))
    except OSError as why:
        raise DataProblem(f"{file} cannot be read: {why.strerror or why}") from why
    except ValueError as why:
        raise DataProblem(f"{file} is no JSON, or torn ({why}): write it again") from why
    if not isinstance(plain, dict):
        raise DataProblem(f"{file} is no run: it holds no JSON object")
    return plain


def check_schema(plain: Mapping[str, Any], wanted: str, file: Path) -> None:
    """Refuse what another program or a newer version of this one wrote.  Raises ``DataProblem``."""
    found = plain.get("schema")
    if found == wanted:
        return
    kind, _, version = wanted.rpartition("/")
    given, _, number = str(found).rpartition("/")
    if given == kind and number.isdigit() and int(number) > int(version):
        raise DataProblem(
            f"{file} has the format {found}, and this version of pytest-pet2rep reads up to "
            f"{wanted}: install a newer one"
        )
    known = f"schema {found!r}" if found else "no schema"
    raise DataProblem(f"{file} is not what is wanted here: it has {known}, not {wanted!r}")


def _run_file(path: Path) -> Path:
    if not path.is_dir():
        if not path.exists():
            raise DataProblem(f"there is no run at {path}: name a run folder or a baseline file")
        return path
    if (path / RUN_FILE).is_file():
        return path / RUN_FILE
    if (path / PLANNED_FILE).is_file():
        raise DataProblem(
            f"the run in {path} did not come to its end: there is its plan but no {RUN_FILE}"
        )
    raise DataProblem(f"{path} is no run folder: it holds no {RUN_FILE}")


def _run_of(plain: Mapping[str, Any], file: Path) -> RunData:
    records: list[Record] = []
    texts: dict[CaseKey, CaseText] = {}
    floors: dict[str, list[Record]] = {}
    for line in _lines(file.parent / CASES_FILE):
        text = text_of(line)
        if (text.case, text.repeat) in texts:
            raise DataProblem(
                f"{file.parent / CASES_FILE} has the case {text.case} (repeat {text.repeat}) twice"
            )
        texts[text.case, text.repeat] = text
        records += [record_of(found, line) for found in line["records"]]
        for name, bare in line["floors"].items():
            floors.setdefault(name, []).extend(record_of(r, line, floor=True) for r in bare)
    planned = planned_of(plain["planned"])
    holes = complete_holes(planned, records, [hole_of(hole) for hole in plain["holes"]], file)
    shards, timing = plain["shards"], plain["timing"]
    return RunData(
        run_id=timing["run_id"],
        card=plain["card"],
        profile=profile_of(plain["organ_list"]),
        planned=planned,
        holes=holes,
        records=tuple(records),
        texts=texts,
        floors={name: tuple(found) for name, found in floors.items()},
        summary={
            **plain["summary"],
            "schema": SUMMARY_SCHEMA,
            "card": plain["card"],
            "holes": summary_holes(holes),
            "gates": plain["gates"],
            "verdict": plain["verdict"],
            "exit": plain["exit"],
            "timing": timing,
        },
        gates=tuple(plain["gates"]),
        verdict=plain["verdict"],
        exit=plain["exit"],
        timing=timing,
        shards=ShardSet(count=shards["count"], present=tuple(shards["present"]))
        if shards
        else None,
        path=file.parent,
    )


def summary_holes(holes: Sequence[MissingItem]) -> list[dict[str, str]]:
    """Return holes as the summary writes them."""
    return [
        {"case": i.case, "check": i.check, "organ": i.organ, "reason": hole.reason}
        for hole in holes
        for i in [hole.item]
    ]


def _lines(file: Path) -> Iterator[dict[str, Any]]:
    try:
        stream = file.open(encoding="utf-8")
    except OSError as why:
        raise DataProblem(f"{file} cannot be read: {why.strerror or why}") from why
    with stream:
        for number, text in enumerate(stream, start=1):
            try:
                line = json.loads(text)
            except ValueError as why:
                raise DataProblem(f"{file}:{number} is torn ({why}): write the run again") from why
            if not isinstance(line, dict):
                raise DataProblem(f"{file}:{number} is no JSON object")
            check_schema(line, CASE_SCHEMA, file)
            yield line


def complete_holes(
    planned: Sequence[PlannedItem],
    records: Sequence[Record],
    known: Sequence[MissingItem],
    file: Path,
) -> tuple[MissingItem, ...]:
    """Return a hole for every planned item without a record, whatever the file says.

    Raises ``DataProblem`` for a record that was never planned or stands there twice.
    """
    reasons = {hole.item: hole.reason for hole in known}
    wanted, seen = set(planned), set[PlannedItem]()
    for record in records:
        item = item_of(record)
        if item not in wanted or item in seen:
            what = "was never planned" if item not in wanted else "stands there twice"
            name = f"{item.case} {item.check} {item.organ}".rstrip()
            raise DataProblem(f"{file}: the record of {name} {what}: write the run again")
        seen.add(item)
    return tuple(
        MissingItem(item=item, reason=reasons.get(item, LOST)) for item in sorted(wanted - seen)
    )
