from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta

from pytest_pet2rep.errors import DataProblem, UsageProblem
from pytest_pet2rep.run.audit import HalfAudit, audit, proportion
from pytest_pet2rep.run.audit.figures import (
    audit_summary,
    error_key,
    known_errors,
    publish,
    published_audits,
)
from pytest_pet2rep.run.audit.sets import Answer, Half, LabelledText, load_half
from pytest_pet2rep.run.audit.tables import (
    error_table,
    report_table,
    sentence_table,
    side_error_table,
)
from pytest_pet2rep.types import (
    ABNORMAL_STATES,
    Language,
    Mention,
    Reading,
    Side,
    States,
    UptakeState,
)

INCREASED = frozenset({UptakeState.INCREASED})
ABSENT = frozenset({UptakeState.ABSENT})
NORMAL = frozenset({UptakeState.NORMAL})


def labelled(
    text: str, *answers: Answer, report: bool = False, lang: str = "en", **more: Any
) -> LabelledText:
    return LabelledText(
        id=f"id {text}",
        half=Half.TUNED,
        language=Language(lang),
        text=text,
        is_report=report,
        answers=answers,
        **{"difficulty": "easy", **more},
    )


def audited(rows: Mapping[LabelledText, Answer] | list[tuple[LabelledText, Answer]]) -> HalfAudit:
    pairs = list(rows)
    read = {row.text: Reading(mentions=(), states=states) for row, states in pairs}
    return audit(Half.TUNED, [row for row, _ in pairs], lambda text: read[text])


def test_a_sentence_is_right_only_if_every_organ_and_state_is() -> None:
    gold = {"liver": INCREASED, "spleen": NORMAL}
    found = audited(
        [
            (labelled("same", gold), dict(gold)),
            (labelled("less", gold), {"liver": INCREASED}),
            (labelled("more", gold), {**gold, "lungs": NORMAL}),
            (labelled("other", gold), {"liver": ABSENT, "spleen": NORMAL}),
        ]
    )
    assert (found.sentences.all.right, found.sentences.all.n) == (1, 4)
    assert [error.id for error in found.errors] == ["id less", "id more", "id other"]
    assert found.errors[0].expected == gold
    assert found.errors[0].read == {"liver": INCREASED}


def test_any_complete_alternative_is_right_and_a_mixture_of_two_is_not() -> None:
    answers: tuple[Answer, Answer] = ({"liver": INCREASED}, {"spleen": INCREASED})
    found = audited(
        [
            (labelled("first", *answers), {"liver": INCREASED}),
            (labelled("second", *answers), {"spleen": INCREASED}),
            (labelled("both", *answers), {"liver": INCREASED, "spleen": INCREASED}),
        ]
    )
    assert [error.id for error in found.errors] == ["id both"]


def test_where_nothing_is_labelled_any_label_is_wrong() -> None:
    found = audited(
        [(labelled("quiet", {}), {}), (labelled("loud", {}), {"liver": NORMAL})],
    )
    assert found.sentences.slices["labels"]["none"].right == 1
    assert [error.id for error in found.errors] == ["id loud"]


def test_a_sentence_counts_in_each_of_its_slices() -> None:
    found = audited(
        [
            (labelled("a", {}, lang="zh", phenomena=("side", "degree")), {}),
            (labelled("b", {}, difficulty="hard", phenomena=("side",)), {"liver": NORMAL}),
        ]
    )
    counted = {
        (dimension, value): (p.right, p.n)
        for dimension, values in found.sentences.slices.items()
        for value, p in values.items()
    }
    assert counted == {
        ("language", "zh"): (1, 1),
        ("language", "en"): (0, 1),
        ("difficulty", "easy"): (1, 1),
        ("difficulty", "hard"): (0, 1),
        ("language and difficulty", "zh easy"): (1, 1),
        ("language and difficulty", "en hard"): (0, 1),
        ("labels", "none"): (1, 2),
        ("phenomenon", "side"): (1, 2),
        ("phenomenon", "degree"): (1, 1),
    }


def test_a_report_is_scored_by_the_organs_that_labels_or_reading_name() -> None:
    gold = {"liver": INCREASED | ABSENT, "spleen": NORMAL, "lungs": NORMAL}
    read = {"liver": INCREASED, "spleen": NORMAL, "brain": NORMAL}
    found = audited([(labelled("r", gold, report=True), read)])
    assert (found.reports.organs.right, found.reports.organs.n) == (1, 4)
    assert (found.reports.flawless.right, found.reports.flawless.n) == (0, 1)
    counts = {
        state: (value.precision.right, value.precision.n, value.recall.right, value.recall.n)
        for state, value in found.reports.states.items()
    }
    assert counts == {
        UptakeState.INCREASED: (1, 1, 1, 1),
        UptakeState.DECREASED: (0, 0, 0, 0),
        UptakeState.ABSENT: (0, 0, 0, 1),
        UptakeState.NORMAL: (1, 2, 1, 2),
    }
    assert [error_key(error) for error in found.errors] == [
        "id r brain",
        "id r liver",
        "id r lungs",
    ]
    assert found.sentences.all.n == 0


def test_a_report_is_held_against_the_nearest_of_its_answers() -> None:
    answers: tuple[Answer, Answer] = (
        {"liver": INCREASED, "spleen": NORMAL},
        {"liver": NORMAL, "spleen": NORMAL},
    )
    found = audited([(labelled("r", *answers, report=True), answers[1])])
    assert found.reports.organs.right == 2
    assert found.errors == ()


LEFT, RIGHT, BOTH, NONE = Side.LEFT, Side.RIGHT, Side.BILATERAL, Side.NONE


@pytest.mark.parametrize(
    ("labelled_sides", "read_sides", "right"),
    [
        ([LEFT], [LEFT], 1),
        ([LEFT], [RIGHT], 0),
        ([LEFT], [NONE], 0),
        ([LEFT, RIGHT], [BOTH], 1),
        ([LEFT, NONE], [LEFT], 1),
        ([LEFT, BOTH], [BOTH], 1),
        ([NONE], [NONE], 1),
        ([LEFT], [], None),
        ([], [LEFT], None),
    ],
)
def test_a_side_counts_where_labels_and_reading_share_an_abnormal_finding(
    labelled_sides: list[Side], read_sides: list[Side], right: int | None
) -> None:
    state = UptakeState.INCREASED
    row = labelled("t", {}, sides=tuple((("lungs", state), side) for side in labelled_sides))
    mentions = tuple(Mention(organ="lungs", state=state, side=side) for side in read_sides)
    found = audit(Half.TUNED, [row], lambda _: Reading(mentions=mentions))
    counted = found.sides["all"]
    assert (counted.right, counted.n) == ((0, 0) if right is None else (right, 1))
    assert len(found.side_errors) == counted.n - counted.right
    if found.side_errors:
        assert found.side_errors[0].read is Side(read_sides[0])
        assert side_error_table([found]).rows[0][:3] == ("id t", "lungs", "increased")


def test_the_side_of_what_is_normal_is_not_counted() -> None:
    normal = UptakeState.NORMAL
    row = labelled("t", {}, sides=((("lungs", normal), LEFT),))
    mentions = (Mention(organ="lungs", state=normal, side=RIGHT),)
    assert audit(Half.TUNED, [row], lambda _: Reading(mentions=mentions)).sides["all"].n == 0


@given(st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_limits_are_those_of_clopper_and_pearson(counts: tuple[int, int]) -> None:
    right, n = counts
    found = proportion([True] * right + [False] * (n - right))
    assert (found.right, found.n) == (right, n)
    low = beta.ppf(0.025, right, n - right + 1) if right else 0.0
    high = beta.ppf(0.975, right + 1, n - right) if right < n else 1.0
    assert (found.low, found.high) == (pytest.approx(low), pytest.approx(high))


def test_of_nothing_there_is_no_proportion() -> None:
    assert (proportion([]).value, proportion([]).low) == (None, None)


SENTENCE = {"id": "s1", "lang": "zh", "text": "t", "gold": {"liver": ["normal"]}, "alt_gold": [{}]}


def write_half(folder: Path, half: Half, row: Mapping[str, Any] = SENTENCE) -> None:
    sums = []
    for kind in ("zh", "en", "reports"):
        path = folder / f"{half}_{kind}.jsonl"
        path.write_text(json.dumps({**row, "id": f"{kind}1"}) + "\n", encoding="utf-8")
        sums.append(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n")
    (folder / "SHA256SUMS").write_text("".join(sums))


def test_a_half_is_loaded_with_all_its_answers(tmp_path: Path) -> None:
    write_half(tmp_path, Half.FROZEN)
    rows = load_half(Half.FROZEN, tmp_path)
    assert [(row.id, row.is_report) for row in rows] == [
        ("zh1", False), ("en1", False), ("reports1", True),
    ]  # fmt: skip
    assert rows[0].answers == ({"liver": NORMAL}, {})


def test_a_frozen_file_that_was_changed_by_one_byte_is_refused(tmp_path: Path) -> None:
    write_half(tmp_path, Half.FROZEN)
    path = tmp_path / "frozen_en.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"normal"', b'"absent"'))
    with pytest.raises(DataProblem, match=r"frozen_en\.jsonl has the SHA-256 .* restore the file"):
        load_half(Half.FROZEN, tmp_path)


def test_a_frozen_file_that_is_not_listed_is_refused(tmp_path: Path) -> None:
    write_half(tmp_path, Half.FROZEN)
    (tmp_path / "SHA256SUMS").write_text("")
    with pytest.raises(DataProblem, match="SHA256SUMS"):
        load_half(Half.FROZEN, tmp_path)


@pytest.mark.parametrize(
    "row",
    [
        {**SENTENCE, "gold": {"liver": ["hot"]}},
        {**SENTENCE, "lang": "xx"},
        {"id": "s1"},
        {**SENTENCE, "gold": ["liver"]},
    ],
)
def test_a_broken_line_is_named(tmp_path: Path, row: Mapping[str, Any]) -> None:
    write_half(tmp_path, Half.TUNED, row)
    with pytest.raises(DataProblem, match=r"tuned_zh\.jsonl:1: not a labelled text"):
        load_half(Half.TUNED, tmp_path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataProblem, match=r"tuned_zh\.jsonl cannot be read"):
        load_half(Half.TUNED, tmp_path)


def both_halves(read: Answer) -> list[HalfAudit]:
    rows = [
        labelled("a", {"liver": NORMAL}, lang="zh"),
        labelled("b", {"liver": NORMAL}),
        labelled("r", {"liver": NORMAL}, report=True),
    ]
    return [audit(half, rows, lambda _: Reading(mentions=(), states=read)) for half in Half]


def test_published_figures_are_found_by_signature_and_keep_the_order(tmp_path: Path) -> None:
    publish("rules:1", both_halves({"liver": NORMAL}), tmp_path)
    publish("rules:2", both_halves({"liver": ABSENT}), tmp_path)
    first, second = published_audits(tmp_path)
    assert (first["extractor"], second["extractor"]) == ("rules:1", "rules:2")
    assert first["figures"]["frozen"]["sentences"]["zh"]["accuracy"] == 1.0
    assert second["figures"]["frozen"]["report_organs"]["accuracy"] == 0.0
    assert known_errors(tmp_path) == {"id a", "id b", "id r liver"}


def test_publishing_the_same_again_changes_nothing(tmp_path: Path) -> None:
    place = publish("rules:1", both_halves({"liver": NORMAL}), tmp_path)
    before = place.read_bytes()
    publish("rules:1", both_halves({"liver": NORMAL}), tmp_path)
    assert place.read_bytes() == before


def test_other_figures_under_a_signature_that_stands_are_refused(tmp_path: Path) -> None:
    place = publish("rules:1", both_halves({"liver": NORMAL}), tmp_path)
    before = place.read_bytes()
    with pytest.raises(UsageProblem, match="raise VERSION"):
        publish("rules:1", both_halves({"liver": ABSENT}), tmp_path)
    assert place.read_bytes() == before


def test_broken_figures_are_named(tmp_path: Path) -> None:
    (tmp_path / "figures.json").write_text("[]")
    with pytest.raises(DataProblem, match=r"figures\.json"):
        published_audits(tmp_path)


def test_an_extractor_without_figures_is_not_audited() -> None:
    assert audit_summary("rules:none") == {"status": "not audited"}


states: st.SearchStrategy[States] = st.one_of(
    st.just(NORMAL), st.frozensets(st.sampled_from(ABNORMAL_STATES), min_size=1)
)
answers = st.dictionaries(st.sampled_from(("liver", "spleen", "lungs")), states)


@given(st.lists(st.tuples(answers, answers), max_size=12), st.booleans())
def test_errors_and_right_ones_add_up(read: list[tuple[Answer, Answer]], report: bool) -> None:
    found = audited(
        [(labelled(str(i), gold, report=report), got) for i, (gold, got) in enumerate(read)]
    )
    total = found.reports.organs if report else found.sentences.all
    assert total.n - total.right == len(found.errors)
    named = {organ for gold, got in read for organ in (*gold, *got)}
    assert total.n >= (len(named) if report else len(read))


def test_the_tables_set_the_halves_side_by_side_and_say_what_is_new() -> None:
    halves = both_halves({"liver": ABSENT})
    first = sentence_table(halves).rows[0]
    assert first == (
        "all sentences",
        "",
        "0/2 (0.0 %)",
        "0.0 to 84.2",
        "0/2 (0.0 %)",
        "0.0 to 84.2",
    )
    assert report_table(halves).rows[0][2] == "0/1 (0.0 %)"
    rows = error_table(halves[:1], frozenset({"id a"})).rows
    assert [(row[0], row[4]) for row in rows] == [("id a", "yes"), ("id b", "no"), ("id r", "no")]
    assert (rows[0][2], rows[0][3]) == ("liver: normal", "liver: absent")
