"""Outputs that exist already are found by id, in any of the common shapes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pytest_pet2rep.errors import DataProblem, GenerationFailed, UnknownName, UsageProblem
from pytest_pet2rep.models.outputs import read_outputs
from pytest_pet2rep.models.provider import generate_one
from pytest_pet2rep.models.registry import ProviderSettings, load_provider
from pytest_pet2rep.models.replay import Replay
from pytest_pet2rep.types import FinishReason
from tests.model_inputs import a_request


def written(path: Path, *objects: Any) -> Path:
    path.write_text("".join(json.dumps(o, ensure_ascii=False) + "\n" for o in objects), "utf-8")
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "outputs.jsonl"


@pytest.mark.parametrize(
    "shape",
    [
        lambda case, text: {"id": case, "prediction": text},
        lambda case, text: {"subject_id": case, "llm_output": [text], "ground_truth": "真"},
        lambda case, text: {"patient_id": case, "generated_report": text, "report": "reference"},
        lambda case, text: {"case_id": case, "reference": "真", "prediction": text, "text": "no"},
        lambda case, text: {"case": case, "raw": text, "text": "cleaned", "finish_reason": "stop"},
        lambda case, text: {"id": case, "text": text},
        lambda case, text: {"id": case, "report": text},
    ],
)
def test_every_common_shape_is_read_by_id_never_by_position(file: Path, shape: Any) -> None:
    written(file, shape("B", "乙\u2028\n"), shape("A", "甲"))
    provider = load_provider(f"replay/{file}")
    first = generate_one(provider, a_request("A"))
    second = generate_one(provider, a_request("B"))
    assert (first.raw, first.origin) == ("甲", "outputs.jsonl:2")
    assert (second.raw, second.origin) == ("乙\u2028\n", "outputs.jsonl:1")
    assert not provider.needs_images


def test_named_fields_win_over_detection(file: Path) -> None:
    written(file, {"id": 1, "study": "A", "prediction": "no", "final": "yes"})
    settings = ProviderSettings(model_args={"id": "study", "text": "final"})
    assert generate_one(load_provider(f"replay/{file}", settings), a_request("A")).raw == "yes"
    with pytest.raises(UnknownName, match="did you mean 'text'"):
        load_provider(f"replay/{file}", ProviderSettings(model_args={"texts": "final"}))


def test_missing_and_surplus_ids_are_known_and_a_missing_one_fails_its_case_only(
    file: Path,
) -> None:
    written(file, {"id": "A", "text": "甲"}, {"id": "X", "text": "外"})
    provider = load_provider(f"replay/{file}", ProviderSettings(case_ids=frozenset("AB")))
    assert isinstance(provider, Replay)
    assert (provider.missing, provider.surplus) == (("B",), ("X",))
    good, bad = provider.generate([a_request("A"), a_request("B")])
    assert not isinstance(good, GenerationFailed)
    assert isinstance(bad, GenerationFailed)
    assert "no line for case B" in str(bad)


def test_repeats_and_finish_reasons_of_our_own_records_are_kept(file: Path) -> None:
    written(
        file,
        {"case": "A", "repeat": 0, "raw": "one", "finish_reason": "stop"},
        {"case": "A", "repeat": 1, "raw": "two", "finish_reason": "length"},
    )
    provider = load_provider(f"replay/{file}")
    second = generate_one(provider, a_request("A", repeat=1))
    assert (second.raw, second.finish_reason) == ("two", FinishReason.LENGTH)
    with pytest.raises(GenerationFailed, match="case A, repeat 2"):
        generate_one(provider, a_request("A", repeat=2))


@pytest.mark.parametrize("nothing", [None, "", [], [None]])
def test_null_and_empty_outputs_are_empty_texts_not_errors(file: Path, nothing: Any) -> None:
    written(file, {"id": "A", "llm_output": nothing})
    assert generate_one(load_provider(f"replay/{file}"), a_request("A")).raw == ""


def test_a_number_as_id_and_byte_order_mark_crlf_and_blank_lines_are_fine(file: Path) -> None:
    file.write_bytes(
        '\ufeff{"id": 7, "text": "甲"}\r\n\r\n  \r\n{"id": "8", "text": "乙"}'.encode()
    )
    outputs = read_outputs(file)
    assert {case: line.origin for (case, _), line in outputs.lines.items()} == {
        "7": "outputs.jsonl:1",
        "8": "outputs.jsonl:4",
    }


def test_the_same_text_twice_is_no_conflict_and_another_text_is(file: Path) -> None:
    written(file, {"id": "A", "text": "甲"}, {"id": "A", "text": "甲"})
    assert len(read_outputs(file).lines) == 1
    written(file, {"id": "A", "text": "甲"}, {"id": "A", "text": "乙"})
    with pytest.raises(DataProblem, match=r"outputs.jsonl:2: case 'A'.*another.*outputs.jsonl:1"):
        read_outputs(file)


def test_the_same_text_that_ended_otherwise_is_a_conflict(file: Path) -> None:
    refused = {"id": "A", "text": "甲", "finish_reason": "refused"}
    written(file, {"id": "A", "text": "甲"}, refused)
    with pytest.raises(DataProblem, match="with another finish_reason than"):
        read_outputs(file)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "there is no line"),
        (b'{"id": "A", "text": "x"}\n{"id": "B", ', r":2: not a JSON object on one line"),
        (b"[1]\n", r":1: holds a JSON list"),
        (b"[" * 200_000, r":1: not a JSON object"),
        (b'{"id": "A", "x": "y"}', r":1: no field holds the generated text .*are id, x.*text="),
        (b'{"text": "A"}', r":1: no field holds the id of the case"),
        (b'{"id": "A", "text": "x"}\n{"id": "B"}', r":2: this line has no field 'text'"),
        (b'{"id": null, "text": "x"}', r":1: id is None, which is no case id"),
        (b'{"id": true, "text": "x"}', r":1: id is True, which is no case id"),
        (b'{"id": "A", "text": 3}', r":1: text holds int, a text is needed"),
        (b'{"id": "A", "text": ["x", "y"]}', r":1: text holds 2 texts, one is needed"),
        (b'{"id": "A", "text": "x", "repeat": -1}', r":1: repeat is -1"),
        ('{"id": "A"}\n{"text": "肝"}'.encode("gb18030"), r":2: the file is not UTF-8.*iconv"),
        ('{"id": "A"}'.encode("utf-16"), r":1: the file is not UTF-8 \(perhaps UTF-16\)"),
    ],
)  # fmt: skip
def test_a_bad_file_is_explained_with_its_line(file: Path, content: bytes, said: str) -> None:
    file.write_bytes(content)
    with pytest.raises(DataProblem, match=said):
        read_outputs(file)


def test_a_missing_file_is_explained(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match="there is no file"):
        load_provider(f"replay/{tmp_path}/none.jsonl")


def test_the_identity_is_the_digest_of_the_file(file: Path) -> None:
    written(file, {"id": "A", "text": "甲"})
    before = load_provider(f"replay/{file}").identity
    written(file, {"id": "A", "text": "乙"})
    after = load_provider(f"replay/{file}").identity
    assert before.verified
    assert before != after


def test_half_a_surrogate_pair_cannot_break_later_writing(file: Path) -> None:
    file.write_text('{"id": "A", "text": "x\\ud83d"}')
    (line,) = read_outputs(file).lines.values()
    assert line.text == "x\ufffd"
