from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import pytest_pet2rep
from pytest_pet2rep.cli import main
from pytest_pet2rep.errors import UnknownName, UsageProblem
from pytest_pet2rep.run.pair_scoring import PairToScore, pair_settings, score_stream

REFERENCES = [
    "影像所见：肝右叶结节，FDG摄取增高。脾脏FDG摄取未见异常。左肾囊肿，FDG摄取缺失。",
    "影像所见：两肺FDG摄取未见异常。甲状腺右叶结节，FDG摄取减低。",
]
ENGLISH = ["Findings: The liver shows increased FDG uptake. The spleen is normal."]


def test_a_perfect_report_has_every_clinical_score_at_its_best() -> None:
    values = pytest_pet2rep.score(REFERENCES, REFERENCES, language="zh").values
    best = {"ce_f1": 1, "ce_recall": 1, "bleu4": 1, "rouge_l": 1, "miss_rate": 0, "coverage": 1}
    assert {name: values[name] for name in best} == pytest.approx(best)


def test_a_missing_report_is_a_miss_of_everything_and_stays_in_the_denominator() -> None:
    scores = pytest_pet2rep.score(REFERENCES, [REFERENCES[0], None], language="zh")
    assert scores.values["ce_recall"] == pytest.approx(2 / 3)
    assert scores.values["error_rate"] == 0.5
    assert {s.n for s in scores.scores.text} == {2}
    assert scores.outcomes["error"] == 19


def test_english_is_scored_with_an_english_tokenizer() -> None:
    scores = pytest_pet2rep.score(ENGLISH, ENGLISH, language="en")
    assert "13a" in scores.scores.text[0].signature
    assert scores.values["ce_recall"] == 1


def test_unequal_lengths_and_unknown_names_are_usage_problems() -> None:
    with pytest.raises(UsageProblem, match="2 references but 1 predictions"):
        pytest_pet2rep.score(REFERENCES, ["x"], language="zh")
    with pytest.raises(UsageProblem, match="'fr' is not a valid Language"):
        pytest_pet2rep.score(REFERENCES, REFERENCES, language="fr")
    with pytest.raises(UnknownName, match="did you mean 'bleu4'"):
        pytest_pet2rep.score(REFERENCES, REFERENCES, language="zh", metrics=["blue4"])


def test_pairs_are_read_once_and_not_kept() -> None:
    passed: list[str] = []

    def pairs() -> Iterator[PairToScore]:
        for number, reference in enumerate(REFERENCES):
            passed.append(str(number))
            yield PairToScore(id=str(number), reference=reference, prediction=reference)

    settings = pair_settings(
        language="zh", metrics=["bleu4"], organs="pet2rep19", section="findings"
    )
    assert score_stream(pairs, settings).pairs == 2
    assert passed == ["0", "1"]


@pytest.fixture
def outputs(tmp_path: Path) -> Path:
    path = tmp_path / "outputs.jsonl"
    lines = [
        {"subject_id": str(i), "llm_output": [reference], "ground_truth": reference}
        for i, reference in enumerate(REFERENCES)
    ]
    path.write_text("\n".join(json.dumps(line) for line in lines), encoding="utf-8")
    return path


def test_the_command_scores_the_official_output_lines(
    outputs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["score", str(outputs), "--json", "--per-case"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["metrics"]["ce_f1"]["value"] == 1
    assert found["metrics"]["bleu4"]["n"] == 2
    assert [line["id"] for line in found["per_case"]] == ["0", "1"]
    direct = pytest_pet2rep.score(REFERENCES, REFERENCES, language="zh").values
    assert {n: m["value"] for n, m in found["metrics"].items()} == pytest.approx(direct)


def test_the_command_prints_tables_with_reference_coverage_per_organ(
    outputs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["score", str(outputs)]) == 0
    printed = capsys.readouterr().out
    assert "reference states it" in printed
    liver = next(line for line in printed.splitlines() if line.startswith("liver"))
    assert "1/2 (50.0 %)" in liver


def test_a_bad_line_is_one_sentence_with_its_place_and_exit_code_4(
    outputs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    outputs.write_text('{"id": "1", "reference": "x", "prediction": "y"}\n{broken\n')
    assert main(["score", str(outputs)]) == 4
    error = capsys.readouterr().err
    assert error.startswith("pet2rep: ")
    assert "outputs.jsonl:2" in error
    assert len(error.splitlines()) == 1
