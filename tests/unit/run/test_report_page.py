"""The HTML report: what it says, that it is one inert file, and that nothing leaves its place."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_pet2rep.anatomy import load_profile
from pytest_pet2rep.cli import main
from pytest_pet2rep.errors import MissingDependency
from pytest_pet2rep.render.html import environment
from pytest_pet2rep.render.html.embedding import json_block
from pytest_pet2rep.render.html.words import interface_words
from pytest_pet2rep.run.report_page import pictures as report_pictures
from pytest_pet2rep.run.report_page import report_page
from pytest_pet2rep.run.report_page.command import report_html
from pytest_pet2rep.run.report_page.organs import body_figures, organ_lines
from pytest_pet2rep.run.report_page.pictures import NONE, PictureSet, pack_pictures
from pytest_pet2rep.run.report_page.texts import marked_text
from pytest_pet2rep.run.runfiles import CaseText, RunData
from pytest_pet2rep.types import Case, ImageSource, SentImage
from tests.unit.run.stored_runs import EN, MISSED, OUTPUTS, ZH, store_run

HOSTILE = (
    "<script>window.canary = 'dead'</script><img src=x onerror=\"window.canary='dead'\">"
    "</script></title></style><svg/onload=alert(1)> {{7*7}} {% for x in y %} ${7*7} "
    "\x1b[31mred\x1b[0m \u202eevil\u202c \x00\x07 \u200b \U0001f469\u200d\U0001f52c '\"`&amp; "
    "<!-- --> ]]> javascript:alert(1) \ud800 肝右叶FDG摄取增高。 " + "A" * 1_000_000
)


class Elements(HTMLParser):
    """Collects the elements of a page as a browser would meet them."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.blocks: dict[str, str] = {}
        self.text = ""
        self._inside = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag in ("script", "style"):
            self._inside = dict(attrs).get("id") or tag

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style"):
            self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.blocks[self._inside] = self.blocks.get(self._inside, "") + data
        else:
            self.text += data

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]

    def details(self) -> dict[str, Any]:
        """Return the data of every case by its id."""
        found = [json.loads(v) for k, v in self.blocks.items() if k.startswith("case-")]
        return {each["case"]: each for each in found}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("report")


@pytest.fixture(scope="module")
def run(root: Path) -> RunData:
    return store_run(root, root / "run")


@pytest.fixture(scope="module")
def old(root: Path) -> RunData:
    texts = {**OUTPUTS, "PET-1": MISSED, "PET-2": ZH}
    return store_run(root, root / "old", name="old", texts=texts, run_id="b" * 32)


@pytest.fixture(scope="module")
def page(run: RunData, old: RunData) -> Elements:
    return Elements(report_html(run, path=Path("x.html"), baseline=old))


@pytest.fixture(scope="module")
def hostile(run: RunData) -> str:
    texts = {
        key: replace(text, reference=HOSTILE, generated=HOSTILE, raw=HOSTILE, reason=HOSTILE)
        for key, text in run.texts.items()
    }
    records = tuple(replace(r, evidence=(HOSTILE, HOSTILE), reason=HOSTILE) for r in run.records)
    card = {**run.card, "model": {**run.card["model"], "spec": HOSTILE[:400]}, "notes": [HOSTILE]}
    gate = {
        "name": HOSTILE[:300],
        "expression": HOSTILE[:300],
        "verdict": "fail",
        "reason": HOSTILE,
    }
    hurt = replace(
        run,
        texts=texts,
        records=records,
        card=card,
        gates=(gate,),
        exit={"code": 1, "reason": HOSTILE[:500]},
    )
    return report_html(hurt, path=Path("x.html"))


def test_the_page_is_one_file_that_asks_the_network_for_nothing(page: Elements) -> None:
    (policy,) = [m["content"] for m in page.named("meta") if "content" in m and "http-equiv" in m]
    assert policy is not None
    assert policy.startswith("default-src 'none'; img-src data:;")
    assert "unsafe" not in policy
    assert not {"link", "iframe", "object", "embed", "base"} & {name for name, _ in page.found}
    for _, attributes in page.found:
        assert not [name for name in attributes if name.startswith("on")]
        assert "style" not in attributes
        assert attributes.get("src", "") == ""
        assert (attributes.get("href") or "#").startswith("#")


def test_the_policy_allows_exactly_our_style_and_our_script(page: Elements) -> None:
    (policy,) = [str(m["content"]) for m in page.named("meta") if "http-equiv" in m]
    for block in ("style", "script"):
        digest = base64.b64encode(hashlib.sha256(page.blocks[block].encode()).digest()).decode()
        assert f"{block}-src 'sha256-{digest}'" in policy


def test_a_hostile_corpus_adds_no_element_to_the_page(hostile: str) -> None:
    found = Elements(hostile)
    kinds = [attributes.get("type") for attributes in found.named("script")]
    assert kinds.count(None) == 1
    assert set(kinds) == {None, "application/json"}
    assert len(found.named("style")) == len(found.named("title")) == 1
    assert not found.named("img")
    assert not [n for _, attributes in found.found for n in attributes if n.startswith("on")]
    assert "canary" not in found.blocks["script"]


def test_templates_in_a_report_are_not_evaluated(hostile: str) -> None:
    found = Elements(hostile)
    assert "{{7*7}}" in found.text
    text = found.details()["PET-1"]["generated"]
    assert "{{7*7}}" in "".join(piece[0] for piece in text["pieces"])


def test_no_character_of_the_page_can_turn_or_hide_text(hostile: str) -> None:
    assert not re.findall(
        r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]", hostile
    )
    assert "\\u202e" in hostile
    hostile.encode("utf-8")


def test_a_text_of_a_million_letters_is_cut_and_says_so(hostile: str) -> None:
    text = Elements(hostile).details()["PET-1"]["generated"]
    assert text["cut"] == len(HOSTILE) - 40_000
    assert len(hostile) < 4_000_000


def test_what_is_embedded_for_the_script_cannot_end_its_element() -> None:
    value = {"a": "</script><!--<script>", "b": "\u2028&\ud800", "c": [1, None, 0.5]}
    block = str(json_block(value))
    assert not set(block) & set("<>&\u2028\ud800")
    assert json.loads(block) == value


def test_a_redacted_run_shows_ids_and_states_only(root: Path) -> None:
    run = store_run(root, root / "redacted", name="redacted", redact=True, run_id="c" * 32)
    html = report_html(run, path=Path("x.html"))
    for sentence in (ZH[:12], "肝右叶", EN[:30], "hypermetabolic"):
        assert sentence not in html
    detail = Elements(html).details()["PET-1"]
    assert detail["reference"] is detail["generated"] is None
    assert {"organ", "expected", "generated"} <= detail["organs"][0].keys()


def test_the_verdict_stands_on_top_with_a_sign_and_a_word(run: RunData) -> None:
    gate = {"name": "a", "expression": "ce_f1 >= 0.9", "metric": "ce_f1", "verdict": "undecided",
            "reason": "too few cases", "value": 0.5, "bound": 0.4, "n": 6}  # fmt: skip
    judged = replace(run, gates=(gate,), verdict="not_measured", exit={"code": 20, "reason": "why"})
    found = Elements(report_html(judged, path=Path("x.html"), language="en"))
    at = found.text.index("Not measured")
    assert at < found.text.index("Undecided") < found.text.index("Scores", at)
    assert report_page(judged).head.sign == "–"
    assert report_page(judged).gates[0].sign == "?"


def test_a_run_without_gates_does_not_boast_of_a_pass(run: RunData) -> None:
    passed = replace(run, verdict="pass", gates=())
    text = Elements(report_html(passed, path=Path("x.html"), language="en")).text
    assert "no gate set" in text


def test_organs_count_what_was_missed_and_what_was_invented(run: RunData) -> None:
    lines = {line.organ: line for line in report_page(run).organs}
    liver, spleen, thyroid = lines["liver"], lines["spleen"], lines["thyroid"]
    assert (liver.missed, liver.abnormal) == (2, 5)  # PET-2 overlooked it, PET-5 has no report
    assert (spleen.false_alarms, spleen.normal) == (1, 6)
    assert (thyroid.missed, thyroid.abnormal) == (0, 1)
    assert liver.miss_rate == pytest.approx(0.4)
    assert lines["brain"].miss_rate is None


def test_the_table_over_all_organs_counts_every_pair_once(run: RunData) -> None:
    tables = report_page(run).confusion
    uptake = [record for record in run.records if record.check == "uptake"]
    total = sum(count for row in tables[0].rows for count in row.counts)
    assert total == len(uptake)
    assert total == sum(count for t in tables[1:] for row in t.rows for count in row.counts)


def test_risk_of_the_cases_adds_up_to_the_risk_of_the_run(run: RunData) -> None:
    lines = [line for line in report_page(run).cases if line.language == "zh"]
    score = run.summary["scores"]["zh"]["metrics"]["risk_per_case"]["value"]
    assert sum(line.risk for line in lines) / len(lines) == pytest.approx(score)
    risks = [line.risk for line in report_page(run).cases]
    assert risks == sorted(risks, reverse=True)


def test_cases_can_be_filtered_by_what_is_wrong_with_them(run: RunData) -> None:
    kinds = {line.case: line.kinds for line in report_page(run).cases}
    assert "missed" in kinds["PET-2"]
    assert {"no_report", "refusal"} <= set(kinds["PET-5"])
    assert "false_alarm" in kinds["PET-6"]
    assert "clean" in kinds["PET-1"]


def test_the_model_stands_beside_floors_and_baseline_under_one_signature(
    run: RunData, old: RunData
) -> None:
    lines = {line.metric: line for line in report_page(run, baseline=old).scores[-1].headline}
    plain = run.summary["scores"]["zh"]["metrics"]["ce_f1"]
    assert lines["ce_f1"].here.value == plain["value"]
    assert lines["ce_f1"].there is not None
    assert {mark.kind for mark in lines["ce_f1"].marks} >= {"model", "baseline"}
    metrics = {**old.summary["scores"]["zh"]["metrics"], "ce_f1": {**plain, "signature": "other"}}
    scores = {"zh": {**old.summary["scores"]["zh"], "metrics": metrics}}
    other = replace(old, summary={**old.summary, "scores": scores})
    lines = {line.metric: line for line in report_page(run, baseline=other).scores[-1].headline}
    assert lines["ce_f1"].there is None


def test_what_flipped_stands_worst_first(page: Elements, run: RunData, old: RunData) -> None:
    from pytest_pet2rep.run.compare import compare_runs

    view = report_page(run, comparison=compare_runs(run, old)).comparison
    assert view is not None
    changes = [flip.change for flip in view.flips]
    assert changes == sorted(changes, key=lambda change: change != "worse")
    assert view.worse >= 1
    assert view.better >= 1
    assert "compare" in {attributes.get("id") for attributes in page.named("section")}


def test_a_baseline_that_cannot_be_compared_is_said_on_the_page(run: RunData, old: RunData) -> None:
    other = replace(old, card={**old.card, "section": "both"})
    text = Elements(report_html(run, path=Path("x.html"), baseline=other, language="en")).text
    assert "Not compared:" in text
    assert "section" in text


def test_equal_runs_make_equal_pages(run: RunData) -> None:
    assert report_html(run, path=Path("x.html")) == report_html(run, path=Path("x.html"))


@given(
    st.text(
        alphabet=st.sampled_from([*"肝脾肾FDG摄取增高未见异常，。\n ab\u202e\x1b"]), max_size=80
    )
)
@settings(max_examples=60, deadline=None)
def test_a_marked_text_is_the_text_whatever_is_read_in_it(text: str) -> None:
    from pytest_pet2rep.render.untrusted import terminal_safe

    found = marked_text(text, load_profile("pet2rep19"), "findings")
    pieces = found["pieces"]
    assert "".join(piece[0] for piece in pieces) == terminal_safe(text, line_feeds=True)
    for number, mention in enumerate(found["mentions"]):
        if mention["starts"] >= 0:
            assert pieces[mention["starts"]][1][0] == number


def test_mentions_carry_what_the_extractor_read(run: RunData, page: Elements) -> None:
    detail = page.details()["PET-2"]
    (liver,) = [
        m for m in detail["reference"]["mentions"] if m.get("organ") == "liver" and m["scored"]
    ]
    assert liver["state"] == "increased"
    assert "section" not in liver  # findings, as usual
    assert liver["rule"].startswith("P")
    number = detail["reference"]["mentions"].index(liver)
    evidence = [p[0] for p in detail["reference"]["pieces"] if len(p) > 1 and number in p[1]]
    assert "增高" in "".join(evidence)
    organ = {each["organ"]: each for each in detail["organs"]}["liver"]
    assert (organ["outcome"], organ["kind"]) == ("miss", "missed")
    starts = liver["starts"]
    assert detail["reference"]["pieces"][starts][1][0] == detail["reference"]["mentions"].index(
        liver
    )


def test_rates_of_organs_are_those_that_a_gate_would_judge(run: RunData) -> None:
    zh = replace(run, records=tuple(r for r in run.records if r.facts["language"] == "zh"))
    lines = organ_lines(zh)
    scores = run.summary["scores"]["zh"]["metrics"]
    missed = sum(line.missed for line in lines) / sum(line.abnormal for line in lines)
    alarms = sum(line.false_alarms for line in lines) / sum(line.normal for line in lines)
    assert missed == pytest.approx(scores["miss_rate"]["value"])
    assert alarms == pytest.approx(scores["false_alarm_rate"]["value"])


@pytest.mark.parametrize(
    ("expected", "generated", "counted"),
    [
        (("increased", "decreased"), ("increased",), (1, 2)),
        (("increased",), ("increased", "decreased"), (0, 1)),
        (("increased",), ("decreased",), (1, 1)),
    ],
)
def test_an_organ_with_two_states_can_be_half_missed(
    run: RunData,
    expected: tuple[str, ...],
    generated: tuple[str, ...],
    counted: tuple[int, int],
) -> None:
    (liver,) = [r for r in run.records if (r.case, r.organ) == ("PET-2", "liver")]
    changed = replace(liver, expected=expected, generated=generated)
    lines = {line.organ: line for line in organ_lines(replace(run, records=(changed,)))}
    assert (lines["liver"].missed, lines["liver"].abnormal) == counted


def test_every_organ_of_the_usual_lists_is_drawn_or_named(run: RunData) -> None:
    for name in ("pet2rep19", "petrg24", "extended"):
        profile = load_profile(name)
        other = replace(run, profile=profile, records=())
        for figure in body_figures(organ_lines(other), profile):
            drawn = {shape.organ for shape in figure.shapes}
            left_out = {organ for organ, _, _ in figure.missing}
            assert drawn | left_out == {organ.id for organ in profile.organs}
            assert not drawn & left_out
    assert not body_figures(organ_lines(run), run.profile)[0].missing


def test_organs_of_a_case_stand_head_to_toe_as_in_the_organ_list(
    page: Elements, run: RunData
) -> None:
    listed = [organ.id for organ in run.profile.organs]
    assert listed != sorted(listed)
    for detail in page.details().values():
        assert [organ["organ"] for organ in detail["organs"]] == listed


def test_the_run_card_is_written_as_its_json_with_short_fractions(run: RunData) -> None:
    card = {"whole": True, "share": 0.84347826087, "seed": 0, "none": None, "penalty": 1.0}
    written = dict(report_page(replace(run, card={**run.card, **card})).card)
    assert [written[name] for name in card] == ["true", "0.8435", "0", "–", "1.0"]


def test_names_beside_the_body_do_not_touch(run: RunData) -> None:
    figure = body_figures(organ_lines(run), run.profile)[0]
    for left in (True, False):
        heights = sorted(shape.label[1] for shape in figure.shapes if shape.left is left)
        assert min(b - a for a, b in pairwise(heights)) >= 20
        assert heights[0] >= 0
        assert heights[-1] <= 404


def used_words() -> Iterator[str]:
    for name in ("page.html", "macros.html", "page.js"):
        text = environment._part(name)
        yield from re.findall(
            r"""\b(?:w|pw|word|section|step)\("([a-z_]+(?:\.[A-Za-z_]+)*)\"""", text
        )
        yield from re.findall(r"""data-w(?:-label)?="([a-z_.]+[a-z])\"""", text)


def test_every_word_of_the_interface_has_both_languages() -> None:
    words = interface_words()
    missing = {key for key in used_words() if key not in words and not key.endswith("_")}
    assert not missing
    assert all(word["en"] and word["zh"] for word in words.values())


def test_every_state_outcome_and_kind_has_a_word() -> None:
    from pytest_pet2rep.run.verdict import Verdict
    from pytest_pet2rep.types import Certainty, Kind, Outcome, UptakeState

    words = interface_words()
    names = [
        *(f"state.{each}" for each in UptakeState),
        *(f"outcome.{each}" for each in Outcome),
        *(f"kind.{each}" for each in Kind if each),
        *(f"certainty.{each}" for each in Certainty),
        *(f"verdict.{each}" for each in Verdict),
    ]
    assert not [name for name in names if name not in words]


def test_the_interface_speaks_the_language_that_was_chosen(run: RunData) -> None:
    english = Elements(report_html(run, path=Path("x.html"), language="en"))
    chinese = Elements(report_html(run, path=Path("x.html"), language="zh"))
    assert english.named("html")[0]["lang"] == "en"
    assert chinese.named("html")[0]["lang"] == "zh-CN"
    assert "Run card" in english.text
    assert "运行信息" in chinese.text
    assert "Run card" not in chinese.text


def picture_set(count: int) -> PictureSet:
    pixels = np.random.default_rng(0).integers(0, 255, (40, 30, 3), dtype=np.uint8)
    images = (SentImage(name="coronal 1", pixels=pixels),)
    cases = [
        Case(
            id=f"PET-{number + 1}",
            folder=Path(),
            cohort="c",
            images=ImageSource(slices=(Path("a.png"),)),
        )
        for number in range(count)
    ]
    return pack_pictures(cases, lambda case: images)


def test_images_stand_inside_the_page_at_the_size_that_the_model_saw(run: RunData) -> None:
    found = Elements(report_html(run, path=Path("x.html"), pictures=picture_set(2)))
    (image,) = found.details()["PET-1"]["images"]
    assert (image["width"], image["height"]) == (30, 40)
    assert image["source"].startswith("data:image/webp;base64,")
    assert found.details()["PET-3"]["images"] == []


def test_images_that_are_too_large_for_the_page_lie_beside_it(
    run: RunData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pytest_pet2rep.run.report_page.command.MOST_BYTES", 10)
    html = report_html(run, path=tmp_path / "my page.html", pictures=picture_set(1))
    (image,) = Elements(html).details()["PET-1"]["images"]
    assert image["source"].startswith("./my%20page-images/")
    folder = tmp_path / "my page-images"
    assert list(folder.glob("*.webp"))
    assert all(found.stat().st_mode & 0o077 == 0 for found in (folder, *folder.iterdir()))
    (policy,) = [str(m["content"]) for m in Elements(html).named("meta") if "http-equiv" in m]
    assert "img-src data: 'self' file:;" in policy


def test_a_case_whose_images_cannot_be_made_is_named(run: RunData) -> None:
    from pytest_pet2rep.errors import ImagingError

    def broken(case: Case) -> tuple[SentImage, ...]:
        raise ImagingError("damaged")

    case = Case(id="PET-1", folder=Path(), cohort="c", images=ImageSource(slices=(Path("a.png"),)))
    found = pack_pictures([case], broken)
    assert found.by_case == {}
    assert "PET-1" in found.note


def test_the_digest_on_the_card_tells_which_views_were_sent() -> None:
    from pytest_pet2rep.imaging.options import ViewOptions, Views, preprocessing_digest

    separate = ViewOptions(views=Views.SEPARATE)
    assert report_pictures.view_options_of(preprocessing_digest(separate)) == separate
    assert report_pictures.view_options_of("of arguments of its own") is None


def test_the_command_writes_a_private_page_and_says_where(
    run: RunData, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "new" / "report.html"
    assert main(["report", str(run.path), "-o", str(out), "--language", "en"]) == 0
    assert capsys.readouterr().out.strip() == str(out)
    assert out.stat().st_mode & 0o777 == 0o600
    assert main(["report", str(run.path)]) == 0
    assert run.path is not None
    assert (run.path / "report.html").is_file()


@pytest.mark.parametrize(
    "arguments", [["nowhere"], ["{run}", "-o", "."], ["{run}", "--baseline=no"]]
)
def test_a_wrong_name_is_one_line_and_exit_four(
    run: RunData, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", *(each.format(run=run.path) for each in arguments)]) == 4
    assert capsys.readouterr().err.count("\n") == 1


def test_without_the_template_package_there_is_one_sentence(
    run: RunData, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingDependency, match=r"pytest-pet2rep\[report\]"):
        report_html(run, path=Path("x.html"))


def test_a_run_without_a_record_still_has_a_page(run: RunData) -> None:
    empty = replace(run, records=(), texts={}, floors={})
    assert "</html>" in report_html(empty, path=Path("x.html"), pictures=NONE)


def test_a_text_that_never_was_is_told_from_one_that_is_withheld(run: RunData) -> None:
    texts = {**run.texts, ("PET-1", 0): CaseText(case="PET-1", reference=ZH)}
    found = Elements(report_html(replace(run, texts=texts), path=Path("x.html")))
    detail = found.details()["PET-1"]
    assert detail["reference"] is not None
    assert detail["generated"] is None


def test_what_was_asked_again_and_several_epochs_have_their_tables(run: RunData) -> None:
    from dataclasses import asdict

    from pytest_pet2rep.run.reliance import ControlResult, control_plain
    from pytest_pet2rep.run.repeats import RepeatRow

    control = ControlResult(
        name="blank", language="zh", cases=4, unusable=0, same_text=0.25, pairs=76,
        changed_states=0.1, flipped_verdicts=None, ce_f1=0.5, ce_f1_control=0.125,
    )  # fmt: skip
    row = RepeatRow(
        items="abnormal", count=9, incomplete=0, mean=0.5, at_least_once=0.75, every_time=0.25
    )
    summary = {**run.summary, "controls": [control_plain(control)], "repeats": [asdict(row)]}
    text = Elements(
        report_html(replace(run, summary=summary), path=Path("x.html"), language="en")
    ).text
    for shown in ("Asked again", "blank", "+37.5", "Several epochs", "pass^k", "abnormal"):
        assert shown in text
