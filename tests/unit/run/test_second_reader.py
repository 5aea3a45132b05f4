"""The second reader against a real server on this machine that answers on schedule."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from pytest_pet2rep.anatomy import load_profile
from pytest_pet2rep.cli import main
from pytest_pet2rep.run.second_reader.agreement import ReadTwice, agreement, cohen_kappa
from pytest_pet2rep.run.second_reader.answer import Questions, UnusableAnswer
from pytest_pet2rep.types import UNSTATED, States, UptakeState
from tests.chat_server import Behaviour, ChatServer, chat_server, hang, state

pytest.importorskip("openai")
pytestmark = pytest.mark.timeout(60)

PROFILE = load_profile("pet2rep19")
ORGANS = [organ.id for organ in PROFILE.organs]
QUESTIONS = Questions(profile=PROFILE)
INCREASED = frozenset({UptakeState.INCREASED})
NORMAL = frozenset({UptakeState.NORMAL})
HOT_LIVER = "The liver shows increased FDG uptake."
COLD_SPLEEN = "The spleen shows no abnormal FDG uptake."


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PET2REP_CACHE", str(tmp_path / "cache"))


def says(text: str, finish: str = "stop", refusal: str | None = None) -> Behaviour:
    message = {"role": "assistant", "content": text, "refusal": refusal}
    choice = {"index": 0, "message": message, "finish_reason": finish}
    answer = {"id": "1", "object": "chat.completion", "created": 0, "choices": [choice]}
    return lambda handler, body: handler.send(200, json.dumps({**answer, "model": body["model"]}))


def states_json(**states: str) -> str:
    return json.dumps({organ: [states.get(organ, "unstated")] for organ in ORGANS})


def reads_by_word(handler: Any, body: Mapping[str, Any]) -> None:
    """A reader that looks for the words of two organs: true for the texts of these tests."""
    asked = next(m["content"] for m in body["messages"] if m["role"] == "user")
    report = re.search(r"<report>\n(.*)\n</report>", asked, re.DOTALL)
    assert report
    found = {"liver": "increased"} if "liver" in report.group(1) else {}
    found |= {"spleen": "normal"} if "spleen" in report.group(1) else {}
    says(states_json(**found))(handler, dict(body))


def texts(folder: Path, *texts: str) -> Path:
    path = folder / "reports.jsonl"
    lines = [json.dumps({"id": f"r{i}", "text": t, "lang": "en"}) for i, t in enumerate(texts)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def compare(server: ChatServer, file: Path, *more: str) -> int:
    server_arguments = ["--reader", "openai/m", "--base-url", server.url]
    return main(["read-agreement", str(file), *server_arguments, "--json", *more])


def result(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_both_readers_are_compared_organ_by_organ(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with chat_server(default=reads_by_word) as server:
        assert compare(server, texts(tmp_path, HOT_LIVER, COLD_SPLEEN, "Lungs clear.")) == 0
    found = result(capsys)
    assert (found["texts"], found["unreadable"], found["disagreements"]) == (3, [], [])
    assert found["organs"]["liver"]["abnormal"] == {
        "n": 3, "agreed": 3, "kappa": 1.0, "kappa_with_unreadable": 1.0,
    }  # fmt: skip
    assert found["organs"]["bone"]["states"]["kappa"] is None
    assert found["readers"]["second"].startswith("llm:openai/m|pet2rep19.v")
    assert found["readers"]["rules"].startswith("rules:")


def test_a_disagreement_is_listed_with_the_evidence_of_the_rules(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with chat_server(default=says(states_json(spleen="normal"))) as server:
        assert compare(server, texts(tmp_path, f"{HOT_LIVER} {COLD_SPLEEN}")) == 0
    (only,) = result(capsys)["disagreements"]
    assert only.pop("evidence").startswith(HOT_LIVER[:-1])
    assert only == {
        "id": "r0", "organ": "liver", "rules": ["increased"], "second": ["unstated"],
        "on_abnormal": True,
    }  # fmt: skip


def test_the_server_is_asked_under_a_strict_schema_of_the_organ_list(tmp_path: Path) -> None:
    with chat_server(default=reads_by_word) as server:
        compare(server, texts(tmp_path, f"Findings:\n{HOT_LIVER}\nImpression:\nSecret."))
    (body,) = server.asked
    wanted = body["response_format"]["json_schema"]
    assert (body["response_format"]["type"], wanted["strict"]) == ("json_schema", True)
    assert wanted["schema"]["required"] == ORGANS
    assert wanted["schema"]["additionalProperties"] is False
    assert wanted["schema"]["properties"]["liver"]["items"]["enum"] == [str(s) for s in UptakeState]
    assert (body["temperature"], body["model"]) == (0.0, "m")
    asked = body["messages"][-1]["content"]
    assert HOT_LIVER in asked
    assert "Secret" not in asked, "only the scored section is compared"


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ("The liver is hot.", "it holds no JSON object"),
        (states_json()[:-20], "it holds no JSON object"),
        (states_json(liver="hot"), "liver has the unknown state 'hot'"),
        (states_json().replace('"liver"', '"livre"'), "it names no organ of the list: livre"),
        (json.dumps({"liver": ["normal"]}), "it leaves out"),
        (states_json().replace('"bone"', '"liver"'), "it names an organ twice"),
        ("[1]", "it holds no JSON object"),
    ],
)
def test_an_unusable_answer_is_asked_for_once_again_and_then_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], answer: str, why: str
) -> None:
    with chat_server(default=says(answer)) as server:
        assert compare(server, texts(tmp_path, HOT_LIVER)) == 1
    assert len(server.asked) == 2
    assert [m["role"] for m in server.asked[1]["messages"][-2:]] == ["assistant", "user"]
    assert why in server.asked[1]["messages"][-1]["content"]
    found = result(capsys)
    (unreadable,) = found["unreadable"]
    assert unreadable["id"] == "r0"
    assert why in unreadable["why"]
    assert found["organs"]["liver"]["states"]["n"] == 0
    assert found["organs"]["liver"]["states"]["kappa_with_unreadable"] == 0.0


def test_a_second_answer_that_can_be_used_is_used(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with chat_server(says("Sorry?"), default=reads_by_word) as server:
        assert compare(server, texts(tmp_path, HOT_LIVER)) == 0
    assert result(capsys)["disagreements"] == []


def test_thoughts_and_a_code_fence_around_the_object_do_no_harm(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = f'<think>{{"liver": 1}}</think>\n```json\n{states_json(liver="increased")}\n```'
    with chat_server(default=says(answer)) as server:
        assert compare(server, texts(tmp_path, HOT_LIVER)) == 0
    assert result(capsys)["disagreements"] == []


def test_a_refusal_and_a_failed_request_are_unreadable_and_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def behave(handler: Any, body: dict[str, Any]) -> None:
        asked = body["messages"][1]["content"]
        if HOT_LIVER in asked:
            says("", refusal="I may not")(handler, body)
        elif COLD_SPLEEN in asked:
            state(400)(handler, body)
        else:
            reads_by_word(handler, body)

    with chat_server(default=behave) as server:
        assert compare(server, texts(tmp_path, HOT_LIVER, COLD_SPLEEN, "Lungs clear.")) == 1
    found = result(capsys)
    why = {entry["id"]: entry["why"] for entry in found["unreadable"]}
    assert "it is a refusal" in why["r0"]
    assert "HTTP 400" in why["r1"]
    assert found["all"]["states"]["n"] == len(ORGANS)


def test_an_answer_that_does_not_come_in_time_is_unreadable(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    limits = ["--reader-arg", "timeout=0.3", "--reader-arg", "retries=0"]
    with chat_server(default=hang) as server:
        assert compare(server, texts(tmp_path, HOT_LIVER), *limits) == 1
    assert result(capsys)["unreadable"] == [{"id": "r0", "why": "no answer within 0.3 s"}]


def test_equal_questions_are_asked_once_and_kept_for_later(tmp_path: Path) -> None:
    file = texts(tmp_path, HOT_LIVER, HOT_LIVER, COLD_SPLEEN)
    with chat_server(default=reads_by_word) as server:
        assert compare(server, file) == 0
        assert len(server.asked) == 2
        assert compare(server, file) == 0
        assert len(server.asked) == 2
        assert compare(server, file, "--fresh") == 0
        assert len(server.asked) == 4
        assert compare(server, file, "--profile", "extended") == 1
        assert len(server.asked) > 4, "another organ list is another question"


def test_an_unusable_answer_is_not_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = texts(tmp_path, HOT_LIVER)
    with chat_server(says("no"), says("no"), default=reads_by_word) as server:
        assert compare(server, file) == 1
        capsys.readouterr()
        assert compare(server, file) == 0
    assert result(capsys)["unreadable"] == []


def test_a_refused_key_ends_it_at_once_in_one_sentence_without_the_key(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    body = '{"error": {"message": "bad key sk-very-secret"}}'
    with chat_server(default=state(401, body)) as server:
        assert compare(server, texts(tmp_path, *(f"{HOT_LIVER} {i}" for i in range(40)))) == 4
    said = capsys.readouterr().err
    assert "HTTP 401" in said
    assert "sk-very-secret" not in said
    assert server.keys[0] == "Bearer sk-very-secret"
    assert len(server.asked) <= 8, "as many as are under way at once"


def test_reports_do_not_leave_this_machine_unless_that_is_allowed_by_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = str(texts(tmp_path, HOT_LIVER))
    away = ["--reader", "openai/m", "--base-url", "http://reader.example/v1"]
    assert main(["read-agreement", file, *away]) == 4
    assert "--pet2rep-allow-remote=reader.example" in capsys.readouterr().err
    allowed = ["--pet2rep-allow-remote=reader.example", "--offline"]
    assert main(["read-agreement", file, *away, *allowed]) == 4
    assert "lets nothing leave this machine" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--reader", "hf/m"], "a second reader is written openai/MODEL"),
        (["--reader", "m"], "is not the name of a model"),
        (["--reader", "openai/m", "--reader-arg", "timeout"], "is not KEY=VALUE"),
        (["--reader", "openai/m", "--reader-arg", "timout=3"], "did you mean 'timeout'"),
        (["--reader", "openai/m", "--concurrency", "0"], "at least 1"),
        (["--reader", "openai/m", "--base-url", "http://127.0.0.1:9/v1"], "connection to"),
    ],
)
def test_a_wrong_option_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    quick = ["--reader-arg", "retries=0"]
    assert main(["read-agreement", str(texts(tmp_path, HOT_LIVER)), *arguments, *quick]) == 4
    shown = capsys.readouterr().err
    assert said in shown
    assert shown.count("\n") == 1


@pytest.mark.parametrize("line", ["", "[]", '{"id": "a"}', "{"])
def test_a_file_without_reports_or_with_a_broken_line_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], line: str
) -> None:
    file = tmp_path / "broken.jsonl"
    file.write_text(line + "\n", encoding="utf-8")
    assert main(["read-agreement", str(file), "--reader", "openai/m"]) == 4
    assert str(file) in capsys.readouterr().err


def test_the_references_of_a_cohort_are_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    case = tmp_path / "cohort" / "A"
    case.mkdir(parents=True)
    (case / "case.toml").write_text('id = "A"\nlanguage = "en"\n')
    (case / "report.en.txt").write_text(HOT_LIVER)
    with chat_server(default=reads_by_word) as server:
        assert compare(server, tmp_path / "cohort") == 0
    assert result(capsys)["all"]["states"]["agreed"] == len(ORGANS)


def test_the_tables_name_what_is_unreadable_and_what_differs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = texts(tmp_path, HOT_LIVER, COLD_SPLEEN)
    given = ["--reader", "openai/m", "--concurrency", "1"]
    with chat_server(says("\x1b[31mno"), says("no"), default=says(states_json())) as server:
        assert main(["read-agreement", str(file), *given, "--base-url", server.url]) == 1
    shown = capsys.readouterr().out
    for part in (
        "2 texts, 1 unreadable",
        "r0: its answer cannot be used",
        "all organs",
        "r1  spleen",
    ):
        assert part in shown
    assert "\x1b" not in shown


categories = st.sampled_from("abc")


@given(st.lists(st.tuples(categories, categories), min_size=1, max_size=40))
def test_kappa_is_that_of_scikit_learn(pairs: list[tuple[str, str]]) -> None:
    first, second = zip(*pairs, strict=True)
    ours = cohen_kappa(pairs)
    if len({*first, *second}) == 1:
        assert ours is None
    else:
        assert ours == pytest.approx(cohen_kappa_score(first, second))


def test_of_no_texts_there_is_no_kappa() -> None:
    assert cohen_kappa([]) is None
    assert agreement([], PROFILE).all.states.kappa is None


def test_unreadable_texts_lower_the_agreement_that_counts_them() -> None:
    def read(id_: str, ours: States, theirs: States | None) -> ReadTwice:
        def everywhere(states: States) -> dict[str, States]:
            return {**dict.fromkeys(ORGANS, UNSTATED), "liver": states}

        both = None if theirs is None else everywhere(theirs)
        return ReadTwice(id=id_, ours=everywhere(ours), theirs=both, evidence={})

    rows = [read("a", INCREASED, INCREASED), read("b", NORMAL, NORMAL), read("c", NORMAL, None)]
    liver = next(o for o in agreement(rows, PROFILE).organs if o.organ == "liver")
    assert (liver.abnormal.n, liver.abnormal.kappa) == (2, 1.0)
    assert liver.abnormal.kappa_with_unreadable == pytest.approx(0.5)


def reading_of(answer: str) -> Mapping[str, States] | str:
    try:
        return QUESTIONS.states_in(answer)
    except UnusableAnswer as why:
        return str(why)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from([*map(str, UptakeState), "hot"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(ORGANS), inner),
    max_leaves=6,
)


@given(st.text() | json_values.map(json.dumps))
def test_what_is_no_whole_answer_is_unusable_for_a_reason(answer: str) -> None:
    assert isinstance(reading_of(answer), str)


@given(st.fixed_dictionaries(dict.fromkeys(ORGANS, json_values)), st.sampled_from(ORGANS))
def test_an_answer_with_every_organ_is_read_state_by_state_or_not_at_all(
    values: dict[str, Any], organ: str
) -> None:
    found = reading_of(json.dumps(values))
    if not isinstance(found, str):
        assert found[organ] == (frozenset(values[organ]) or UNSTATED)


@given(st.dictionaries(st.sampled_from(ORGANS), st.sets(st.sampled_from(UptakeState), max_size=2)))
def test_every_right_answer_is_read(states: dict[str, set[UptakeState]]) -> None:
    alone = {UptakeState.NORMAL, UptakeState.UNSTATED}
    answer = {organ: [*states.get(organ, ())] for organ in ORGANS}
    found = reading_of(json.dumps(answer))
    if any(len(s) > 1 and s & alone for s in states.values()):
        assert found.endswith("exclude each other") if isinstance(found, str) else False
    else:
        assert found == {o: frozenset(s) or UNSTATED for o, s in answer.items()}
