"""The labelled sets and figures that come with the package."""

from __future__ import annotations

import json

import pytest

from pytest_pet2rep.anatomy import catalogue
from pytest_pet2rep.cli import main
from pytest_pet2rep.findings.reader import EXTRACTOR, read
from pytest_pet2rep.render.json_text import canonical_json
from pytest_pet2rep.run.audit import audit
from pytest_pet2rep.run.audit.figures import audit_entry, audit_summary, published_audits
from pytest_pet2rep.run.audit.sets import Half, LabelledText, load_half
from pytest_pet2rep.types import Language


@pytest.fixture(scope="module")
def texts() -> list[LabelledText]:
    return [row for half in Half for row in load_half(half)]


def test_there_are_enough_labelled_texts_and_half_of_them_are_frozen(
    texts: list[LabelledText],
) -> None:
    for language in Language:
        sentences = [t for t in texts if t.language is language and not t.is_report]
        assert len(sentences) >= 300
        assert sum(t.half is Half.FROZEN for t in sentences) >= 150
    assert sum(t.is_report for t in texts) >= 20


def test_no_text_and_no_id_stands_twice_or_in_both_halves(texts: list[LabelledText]) -> None:
    assert len({t.id for t in texts}) == len(texts)
    assert len({" ".join(t.text.split()) for t in texts}) == len(texts)


def test_labels_speak_of_organs_that_states_are_given_for(texts: list[LabelledText]) -> None:
    organs = catalogue().organs
    named = {organ for text in texts for answer in text.answers for organ in answer}
    assert not {organ for organ in named if organ not in organs or organs[organ].secondary}


def test_each_published_audit_has_its_signature_once_and_limits_around_its_figures() -> None:
    audits = published_audits()
    assert audits
    assert len({entry["extractor"] for entry in audits}) == len(audits)
    for entry in audits:
        for half in Half:
            for value in entry["figures"][half]["sentences"].values():
                assert value["low"] <= value["accuracy"] <= value["high"]


def test_a_run_card_quotes_the_frozen_half() -> None:
    latest = published_audits()[-1]
    summary = audit_summary(latest["extractor"])
    assert summary["status"] == "audited"
    assert summary["sentences"] == latest["figures"]["frozen"]["sentences"]
    assert [summary["sentences"][language]["n"] for language in ("en", "zh")] == [160, 160]


def test_this_extractor_reads_as_was_published() -> None:
    published = next((e for e in published_audits() if e["extractor"] == EXTRACTOR), None)
    if published is None:
        pytest.skip(f"{EXTRACTOR} has no published figures yet: pet2rep audit --write")
    found = [audit(half, load_half(half), read) for half in Half]
    assert json.loads(canonical_json(audit_entry(EXTRACTOR, found))) == published


def test_the_errors_of_the_frozen_half_can_be_looked_at(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["audit", "--half", "frozen", "--errors", "--json"]) == 0
    frozen = json.loads(capsys.readouterr().out)["halves"]["frozen"]
    assert frozen["sentences"]["all"]["n"] == 320
    assert len(frozen["errors"]) == frozen["n_errors"]
