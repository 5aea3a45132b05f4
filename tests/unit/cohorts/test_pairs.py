from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pytest_pet2rep.cohorts.importers import load_importer
from pytest_pet2rep.cohorts.importing import ImportOptions
from pytest_pet2rep.cohorts.pairs import PairFields, read_pairs
from pytest_pet2rep.errors import ImportProblem


def write_lines(path: Path, *objects: Any) -> Path:
    lines = (o if isinstance(o, str) else json.dumps(o, ensure_ascii=False) for o in objects)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_pairs_are_read_under_the_usual_names(tmp_path: Path) -> None:
    path = write_lines(
        tmp_path / "pairs.jsonl",
        {"id": "a", "reference": "肝正常。", "prediction": "肝脏正常。"},
        {"case_id": 7, "ground_truth": "R", "prediction": ""},
        "",
        {"subject_id": "c", "llm_output": ["写好的报告"], "ground_truth": "参考"},
        {"patient_id": "d", "answer": "R", "prediction": None},
        {"id": "e", "reference": "R"},
    )
    pairs = list(read_pairs(path))
    assert [p.id for p in pairs] == ["a", "7", "c", "d", "e"]
    assert [p.reference for p in pairs] == ["肝正常。", "R", "参考", "R", "R"]
    assert [p.prediction for p in pairs] == ["肝脏正常。", "", "写好的报告", None, None]
    assert [p.line for p in pairs] == [1, 2, 4, 5, 6]


def test_an_empty_list_of_outputs_is_an_empty_report(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "x.jsonl", {"id": "a", "reference": "R", "llm_output": []})
    assert next(read_pairs(path)).prediction == ""


def test_half_a_character_does_not_stop_a_score(tmp_path: Path) -> None:
    text = '{"id": "a", "reference": "R", "prediction": "ok \\ud83d"}'
    assert next(read_pairs(write_lines(tmp_path / "x.jsonl", text))).prediction == "ok \ufffd"


def test_fields_can_be_named(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "x.jsonl", {"id": "no", "key": "k", "gold": "R", "text": "P"})
    fields = PairFields(id="key", reference="gold", prediction="text")
    pair = next(read_pairs(path, fields))
    assert (pair.id, pair.reference, pair.prediction) == ("k", "R", "P")


def test_a_file_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"id": "a", "reference": "R"}\r\n')
    assert next(read_pairs(path)).id == "a"


@pytest.mark.parametrize(
    ("bad", "part"),
    [
        ("{", "not valid JSON"),
        ("[", "write one object per line"),
        ("[1]", "holds a list where an object"),
        ({"reference": "R"}, "there is no field case_id or subject_id"),
        ({"id": "a", "text": "R"}, "the fields are: id, text"),
        ({"id": " ", "reference": "R"}, "id is empty"),
        ({"id": True, "reference": "R"}, "id is true or false where a text is expected"),
        ({"id": "a", "reference": " "}, "the reference is empty"),
        ({"id": "a", "reference": {}}, "reference is an object where a text is expected"),
        ({"id": "a", "reference": "R", "prediction": 3}, "prediction is a number"),
        ({"id": "a", "reference": "R", "llm_output": ["a", "b"]}, "llm_output holds 2 texts"),
        ('{"id": ' + "9" * 5000 + ', "reference": "R"}', "not usable JSON"),
        ("[" * 100_000, "not usable JSON"),
    ],
)
def test_a_bad_line_is_named_with_its_place(tmp_path: Path, bad: Any, part: str) -> None:
    path = write_lines(tmp_path / "x.jsonl", {"id": "ok", "reference": "R"}, bad)
    pairs = read_pairs(path)
    assert next(pairs).id == "ok"
    with pytest.raises(ImportProblem) as caught:
        next(pairs)
    assert str(caught.value).startswith(f"{path}:2: ")
    assert part in str(caught.value)


def test_a_misspelt_prediction_field_is_no_empty_prediction(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "x.jsonl", {"id": "a", "reference": "R", "prediction": "P"})
    with pytest.raises(ImportProblem, match="there is no field predicton"):
        list(read_pairs(path, PairFields(prediction="predicton")))


def test_bytes_that_are_not_utf8_are_named(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes('{"id": "a", "reference": "肝"}'.encode("gb18030"))
    with pytest.raises(ImportProblem, match=r"x\.jsonl:1: byte 0x.. is not UTF-8"):
        list(read_pairs(path))


def test_a_file_without_a_line_or_no_file_is_one_sentence(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "x.jsonl", "", " ")
    with pytest.raises(ImportProblem, match="holds no line"):
        list(read_pairs(path))
    with pytest.raises(ImportProblem, match="cannot be read: No such file"):
        list(read_pairs(tmp_path / "none.jsonl"))
    with pytest.raises(ImportProblem, match="cannot be read: Is a directory"):
        list(read_pairs(tmp_path))


def test_reading_takes_one_line_at_a_time(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "x.jsonl", {"id": "a", "reference": "R"}, "not JSON at all")
    assert next(read_pairs(path)).id == "a"


def test_every_line_becomes_a_text_only_case(tmp_path: Path) -> None:
    from pytest_pet2rep.cohorts.casefile import load_case
    from pytest_pet2rep.cohorts.cohort import find_cohort

    path = write_lines(
        tmp_path / "pairs.jsonl",
        {"id": "a", "reference": "肝脏FDG摄取未见异常。", "prediction": "肝脏正常。"},
        {"id": "b", "reference": "The liver is normal.", "prediction": "Normal\nliver."},
        {"id": "c", "reference": "肝脏正常。"},
    )
    dest = tmp_path / "out"
    report = load_importer("pairs")(path, dest, ImportOptions())
    assert report.written == ("a", "b", "c")
    assert (report.skipped, report.missing, report.renamed) == ((), (), ())
    cohort = find_cohort(dest)
    cases = [load_case(p, cohort=cohort.name) for p in cohort.case_files]
    assert [str(c.language) for c in cases] == ["zh", "en", "zh"]
    assert [c.images.kind for c in cases] == ["none"] * 3
    assert all(c.private for c in cases)
    assert cases[1].references == {"en": "The liver is normal."}
    assert report.outputs == dest / "outputs.jsonl"
    outputs = [json.loads(line) for line in report.outputs.read_text("utf-8").splitlines()]
    assert outputs == [
        {"id": "a", "prediction": "肝脏正常。"},
        {"id": "b", "prediction": "Normal\nliver."},
    ]


def test_bad_lines_of_an_import_are_listed_and_the_rest_is_written(tmp_path: Path) -> None:
    path = write_lines(
        tmp_path / "pairs.jsonl",
        {"id": "a", "reference": "R", "prediction": "P"},
        "{",
        {"id": "a", "reference": "R2", "prediction": "P2"},
        {"id": "b", "reference": "R"},
    )
    report = load_importer("pairs")(path, tmp_path / "out", ImportOptions())
    assert report.written == ("a", "b")
    assert [(n.where, n.what[:20]) for n in report.skipped] == [
        (f"{path}:2", "not valid JSON (Expe"),
        (f"{path}:3", "the id 'a' needs the"),
    ]
    assert f"at {path}:1" in report.skipped[1].what
    assert report.sentences()[:2] == [
        f"2 cases written to {tmp_path / 'out'}",
        f"predictions for replay: {tmp_path / 'out' / 'outputs.jsonl'}",
    ]
    assert [s.partition(":")[0] for s in report.sentences()[2:]] == ["skipped", "skipped"]


def test_without_predictions_there_is_nothing_to_replay(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "pairs.jsonl", {"id": "a", "reference": "R"})
    report = load_importer("pairs")(path, tmp_path / "out", ImportOptions())
    assert report.outputs is None
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["a"]


def test_other_predictions_are_not_overwritten_unless_allowed(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "p.jsonl", {"id": "a", "reference": "R", "prediction": "P"})
    dest = tmp_path / "out"
    run = load_importer("pairs")
    run(path, dest, ImportOptions())
    assert run(path, dest, ImportOptions()).outputs == dest / "outputs.jsonl"
    write_lines(path, {"id": "a", "reference": "R", "prediction": "Q"})
    report = run(path, dest, ImportOptions())
    assert report.unchanged == ("a",)
    assert report.outputs is None
    assert "holds other predictions" in report.skipped[0].what
    assert '"P"' in (dest / "outputs.jsonl").read_text("utf-8")
    assert run(path, dest, ImportOptions(overwrite=True)).outputs is not None
    assert '"Q"' in (dest / "outputs.jsonl").read_text("utf-8")
