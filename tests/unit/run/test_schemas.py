"""The published schemas: valid themselves, complete, and strict enough to notice."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError

from pytest_pet2rep.cli import main
from pytest_pet2rep.errors import UnknownName
from pytest_pet2rep.run.runfiles import RunData
from pytest_pet2rep.run.schemas import load_schema, schema_names
from tests.unit.run.stored_runs import MISSED, REFUSAL, ZH, store_run
from tests.validated import validate


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> RunData:
    root = tmp_path_factory.mktemp("schemas")
    return store_run(root, root / "run", lost=[3, 40])


@pytest.mark.parametrize("name", schema_names())
def test_every_schema_is_valid_and_has_the_id_that_its_artefacts_name(name: str) -> None:
    schema = load_schema(name)
    Draft202012Validator.check_schema(schema)
    assert schema["$id"] == f"urn:{name.replace('/', ':')}"
    stated = schema.get("properties", {}).get("schema", {}).get("const", name)
    assert stated == name


def test_an_unknown_schema_is_refused() -> None:
    with pytest.raises(UnknownName, match="pet2rep/run/1"):
        load_schema("pet2rep/run/2")


@pytest.mark.parametrize("more", [[], ["--per-case"]])
def test_scores_of_pairs_are_valid(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], more: list[str]
) -> None:
    path = tmp_path / "pairs.jsonl"
    pairs = [(ZH, ZH), (ZH, MISSED), (ZH, REFUSAL), (ZH, "")]
    lines = [
        json.dumps({"id": str(at), "reference": reference, "prediction": prediction})
        for at, (reference, prediction) in enumerate(pairs)
    ]
    path.write_text("\n".join(lines), encoding="utf-8")
    assert main(["score", str(path), "--json", *more]) == 0
    validate(json.loads(capsys.readouterr().out))


def test_a_rescored_run_writes_a_valid_summary(
    stored: RunData, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["score", str(stored.path), "--json", "--section", "both"]) == 1
    validate(json.loads(capsys.readouterr().out))


def spoilt_record(line: dict[str, Any]) -> None:
    line["records"][0]["outcome"] = "perhaps"


def unknown_state(line: dict[str, Any]) -> None:
    next(r for r in line["records"] if r["check"] == "uptake")["expected"] = ["hot"]


def foreign_key(line: dict[str, Any]) -> None:
    line["name_of_the_patient"] = "x"


@pytest.mark.parametrize("spoil", [spoilt_record, unknown_state, foreign_key])
def test_what_is_no_line_of_a_run_is_noticed(stored: RunData, spoil: Any) -> None:
    assert stored.path is not None
    text = (stored.path / "cases.jsonl").read_text(encoding="utf-8").splitlines()[0]
    line = json.loads(text)
    validate(line)
    spoil(line)
    with pytest.raises(ValidationError):
        validate(line)


def test_an_unscored_value_that_looks_like_zero_is_noticed(stored: RunData) -> None:
    summary = json.loads(json.dumps(stored.summary))
    validate(summary)
    metric = summary["scores"]["zh"]["metrics"]["suv_within_25"]
    assert metric["status"] == "unscored"
    metric["value"] = 0.0
    with pytest.raises(ValidationError):
        validate(summary)
