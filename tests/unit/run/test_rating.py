"""`pet2rep rate` and `ratings`: blinded sheets, and agreement that other libraries confirm."""

from __future__ import annotations

import csv
import io
import json
import random
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from scipy import stats
from sklearn.metrics import cohen_kappa_score

from pytest_pet2rep.cli import main
from pytest_pet2rep.errors import DataProblem, UsageProblem
from pytest_pet2rep.render.screen import Screen
from pytest_pet2rep.run.rating import Sheet, draw_sheet, error_categories, key_of, score_levels
from pytest_pet2rep.run.rating.agreement import (
    agreements,
    kendall,
    metric_agreements,
    spearman,
    weighted_kappa,
)
from pytest_pet2rep.run.rating.command import agreement_table
from pytest_pet2rep.run.rating.files import Rating, RatingKey, Reader, read_key, read_ratings
from pytest_pet2rep.run.rating.sheet import error_columns, sheet_csv, sheet_html
from pytest_pet2rep.run.result_rows import case_values
from pytest_pet2rep.run.runfiles import RunData, load_run
from tests.unit.run.hostile import HOSTILE_TEXT, hostile_run
from tests.unit.run.stored_runs import store_run
from tests.validated import validate

LEVELS = [level.id for level in score_levels()]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunData:
    root = tmp_path_factory.mktemp("rating")
    store_run(root, root / "run", name="secret-model")
    return load_run(root / "run")


@pytest.fixture(scope="module")
def sheet(run: RunData) -> Sheet:
    return draw_sheet(run, 6)


def test_the_sheet_names_no_case_no_model_and_no_score(run: RunData, sheet: Sheet) -> None:
    for text in (sheet_html(sheet, 1), sheet_csv(sheet, 1)):
        assert "PET-" not in text
        assert "secret-model" not in text
        assert run.run_id[:8] not in text
        assert "肝右叶见低密度结节" in text


def test_the_draw_is_the_same_for_a_seed_and_another_for_another(run: RunData) -> None:
    drawn = [tuple(i.case for i in draw_sheet(run, 3, seed).items) for seed in (0, 0, 1, 2, 3)]
    assert drawn[0] == drawn[1]
    assert len(set(drawn)) > 1


def test_each_reader_has_the_same_items_in_an_order_of_their_own(sheet: Sheet) -> None:
    first, second = ([i.id for i in sheet.for_reader(reader)] for reader in (1, 2))
    assert first != second
    assert sorted(first) == sorted(second) == sorted(i.id for i in sheet.items)


@pytest.mark.parametrize("count", [0, 7])
def test_a_sample_that_cannot_be_drawn_is_one_sentence(run: RunData, count: int) -> None:
    with pytest.raises(UsageProblem, match="--sample"):
        draw_sheet(run, count)


def test_a_redacted_run_cannot_be_rated(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match=r"no texts to rate.*--pet2rep-redact"):
        draw_sheet(store_run(tmp_path, tmp_path / "run", redact=True), 2)


def test_the_form_asks_for_every_level_and_category(sheet: Sheet) -> None:
    page = sheet_html(sheet, 1)
    assert page.count('type="radio"') == 6 * len(LEVELS)
    assert page.count('type="number"') == 6 * len(error_columns()) == 6 * 12
    assert all(error.zh in page for error in error_categories())


def test_hostile_reports_stay_text_in_the_form(run: RunData) -> None:
    page = sheet_html(draw_sheet(hostile_run(run), 6), 1)
    assert page.count("<script>") == page.count("</script>") == 1
    assert "&lt;script&gt;canary()" in page
    assert not re.search(r"<img|\son[a-z]+=[^&]", page.replace("onerror=canary", ""))
    assert not set(page) & set("\x00\x1b\u202e\u200b")
    page.encode("utf-8")


def test_no_cell_of_a_hostile_sheet_is_a_formula(run: RunData) -> None:
    text = sheet_csv(draw_sheet(hostile_run(run), 6), 1)
    cells = [cell for row in csv.reader(io.StringIO(text[1:])) for cell in row]
    assert any("canary" in cell for cell in cells)
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


def test_a_hostile_reader_cannot_reach_the_terminal() -> None:
    scores = {f"R{at}": at % 5 for at in range(12)}
    pairs = agreements([reader(HOSTILE_TEXT, scores), reader("B", scores)])
    for line in Screen(width=200).table(agreement_table(pairs)):
        assert line.isprintable()


def saved(sheet: Sheet, scores: Mapping[str, str | None], reader: str) -> dict[str, Any]:
    """What the page saves."""
    errors = {e.id: {"significant": 0, "insignificant": 0} for e in error_categories()}
    ratings = [
        {"item": item, "score": score, "errors": errors, "comment": ""}
        for item, score in sorted(scores.items())
    ]
    return {
        "schema": "pet2rep/rating/1",
        "sheet": sheet.digest,
        "reader": reader,
        "ratings": ratings,
    }


def key_for(sheet: Sheet, run: RunData) -> RatingKey:
    items = {item.id: (item.case, item.repeat) for item in sheet.items}
    return RatingKey(sheet=sheet.digest, run_id=run.run_id, items=items)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        ({"sheet": "other"}, "rates another sheet"),
        ({"ratings": [{"item": "R9", "score": "1"}]}, "has no item 'R9'"),
        ({"ratings": [{"item": "R1", "score": "4"}]}, "score '4' is none of 1, 2a"),
        ({"ratings": [{"item": "R1", "score": "1"}] * 2}, "stands there twice"),
        (
            {
                "ratings": [
                    {"item": "R1", "score": "1", "errors": {"omission": {"significant": -1}}}
                ]
            },
            "is no number of errors",
        ),
        ({"ratings": [{"item": "R1", "score": "1", "errors": {"omission": 2}}]}, "hold together"),
        (
            {"ratings": [{"item": "R1", "score": "1", "errors": {"omission": {"grave": 1}}}]},
            "hold together",
        ),
        ({"schema": "pet2rep/run/1"}, "is not what is wanted here"),
    ],
)
def test_a_file_that_is_not_of_the_sheet_is_refused(
    run: RunData, sheet: Sheet, tmp_path: Path, spoil: dict[str, Any], said: str
) -> None:
    path = tmp_path / "rating.json"
    path.write_text(json.dumps({**saved(sheet, {}, "AB"), **spoil}), encoding="utf-8")
    (tmp_path / "SPOILT").touch()
    with pytest.raises(DataProblem, match=said):
        read_ratings(path, key_for(sheet, run))


def test_a_filled_in_csv_reads_as_the_json_does(run: RunData, sheet: Sheet, tmp_path: Path) -> None:
    scores = {item.id: LEVELS[at % 5] for at, item in enumerate(sheet.items)}
    rows = list(csv.DictReader(io.StringIO(sheet_csv(sheet, 2).removeprefix("\ufeff"))))
    for row in rows:
        row |= {"score": scores[row["item"]], "reader": "AB", "omission_significant": "2"}
    with (tmp_path / "r.csv").open("w", encoding="utf-8-sig", newline="") as out:
        writer = csv.DictWriter(out, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    found = read_ratings(tmp_path / "r.csv", key_for(sheet, run))
    assert (found.name, found.unrated) == ("AB", 0)
    assert {item: LEVELS[r.level] for item, r in found.ratings.items()} == scores
    assert all((r.significant, r.insignificant) == (2, 0) for r in found.ratings.values())


def test_weighted_kappa_is_that_of_scikit_learn() -> None:
    source = random.Random(3)
    for size in (2, 5, 30, 200):
        first = [source.randrange(5) for _ in range(size)]
        second = [min(4, max(0, a + source.choice((-1, 0, 0, 1)))) for a in first]
        ours = weighted_kappa(first, second)
        theirs = cohen_kappa_score(first, second, weights="quadratic", labels=range(5))
        assert ours == pytest.approx(theirs)


def test_kappa_of_readers_who_never_differ_from_one_score_is_undefined() -> None:
    assert weighted_kappa([0, 0, 0], [0, 0, 0]) is None
    assert weighted_kappa([], []) is None


def reader(name: str, levels: Mapping[str, int]) -> Reader:
    ratings = {
        item: Rating(level=level, significant=level // 2, insignificant=0)
        for item, level in levels.items()
    }
    return Reader(name=name, sheet="s", ratings=ratings, unrated=0)


def test_the_interval_of_kappa_holds_it_and_narrows_with_reports() -> None:
    source, widths = random.Random(5), []
    for size in (40, 400):
        first = {f"R{at}": source.randrange(5) for at in range(size)}
        second = {item: min(4, level + (source.random() < 0.3)) for item, level in first.items()}
        (found,) = agreements([reader("A", first), reader("B", second)])
        assert found.low is not None
        assert found.high is not None
        assert found.kappa is not None
        assert found.low <= found.kappa <= found.high
        assert found.reliable
        widths.append(found.high - found.low)
    assert widths[1] < widths[0] / 2


def test_correlations_are_those_of_scipy_and_their_intervals_cover() -> None:
    import numpy as np

    rho, size, held = 0.6, 60, 0
    draws = np.random.default_rng(1).multivariate_normal([0, 0], [[1, rho], [rho, 1]], (400, size))
    true = 6 / np.pi * np.arcsin(rho / 2)
    for sample in draws:
        x, y = sample.T.tolist()
        found = spearman(x, y)
        assert found.value == pytest.approx(stats.spearmanr(x, y).statistic)
        assert found.low is not None
        assert found.high is not None
        held += found.low <= true <= found.high
    assert 0.92 <= held / len(draws) <= 0.98
    assert kendall(x, y).value == pytest.approx(stats.kendalltau(x, y).statistic)


def test_few_reports_have_no_interval_and_one_score_has_no_correlation() -> None:
    assert spearman([1, 2, 3], [1, 3, 2]).low is None
    assert spearman([1, 2, 3], [1, 1, 1]).value is None


def test_a_metric_that_goes_with_the_readers_is_positive_whatever_its_direction(
    run: RunData, sheet: Sheet
) -> None:
    values, key = case_values(run), key_for(sheet, run)
    levels = {item: round(4 * (1 - (values[at]["rouge_l"] or 0))) for item, at in key.items.items()}
    better = {"rouge_l": True, "risk_per_case": False}
    rows = metric_agreements([reader("A", levels), reader("B", levels)], key, values, better)
    found = {row.metric: row for row in rows}
    assert (found["rouge_l"].spearman.value or 0) > 0.5
    assert (found["risk_per_case"].spearman.value or 0) > 0
    assert found["rouge_l"].n == 6


def test_from_run_to_agreement_by_the_commands(
    run: RunData, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "rating"
    assert main(["rate", str(run.path), "--sample", "5", "-o", str(out)]) == 0
    assert capsys.readouterr().out.split() == [
        str(out / name)
        for name in ("key.json", "reader-1.html", "reader-1.csv", "reader-2.html", "reader-2.csv")
    ]
    assert all(path.stat().st_mode & 0o077 == 0 for path in out.iterdir())
    validate(json.loads((out / "key.json").read_text(encoding="utf-8")))
    key = read_key(out / "key.json")
    drawn = draw_sheet(run, 5)
    assert key_of(drawn, run)["sheet"] == key.sheet
    for name, shift in (("A", 0), ("B", 1)):
        scores = {i: LEVELS[(at + shift) % 5] for at, i in enumerate(sorted(key.items))}
        content = saved(drawn, scores, name)
        validate(content)
        (out / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
    files = [str(out / "A.json"), str(out / "B.json")]
    more = ["--key", str(out / "key.json"), "--run", str(run.path)]
    assert main(["ratings", *files, *more]) == 0
    shown = capsys.readouterr().out
    assert "A and B" in shown
    assert "rouge_l" in shown
    assert main(["ratings", *files, *more, "--json"]) == 0
    validate(json.loads(capsys.readouterr().out))
    assert main(["ratings", files[0], files[0], *more]) == 4
    assert "the same reader" in capsys.readouterr().err
