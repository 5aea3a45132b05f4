"""``openai/`` against a real server that misbehaves on schedule."""

from __future__ import annotations

import base64
import io
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pytest_pet2rep.errors import GenerationFailed, GenerationTimeout, UsageProblem
from pytest_pet2rep.models.openai.provider import ServedModel
from pytest_pet2rep.models.provider import generate_one, open_service
from pytest_pet2rep.models.registry import ProviderSettings, load_provider
from pytest_pet2rep.models.request import decoding_profile
from pytest_pet2rep.types import FinishReason, Generation, GenerationRequest, Usage
from tests import chat_server as served
from tests.chat_server import Behaviour, ChatServer, chat_server
from tests.model_inputs import a_request, some_images

pytest.importorskip("openai")
pytestmark = pytest.mark.timeout(60)
AGAIN_SOON = {"Retry_After": "0.01", "retry_after_ms": "10"}


@contextmanager
def model_at(
    server: ChatServer, spec: str = "openai/m", concurrency: int = 8, **arguments: str
) -> Iterator[ServedModel]:
    given = {"base_url": server.url, "probe": "off", **arguments}
    settings = ProviderSettings(model_args=given, concurrency=concurrency)
    model = load_provider(spec, settings)
    assert isinstance(model, ServedModel)
    try:
        yield model
    finally:
        model.close()
        model.close()


def ask(case: str = "A", profile: str = "greedy", **changes: Any) -> GenerationRequest:
    decoding = decoding_profile(profile, seed=5, max_new_tokens=9)
    return a_request(case, decoding=decoding, **{"user": f"report of {case}", **changes})


def test_system_images_and_text_go_out_in_order_and_lossless() -> None:
    images = some_images(3)
    with chat_server() as server, model_at(server) as model:
        answer = generate_one(model, ask(images=images))
    assert (answer.raw, answer.finish_reason) == ("report of A", FinishReason.STOP)
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (310, 5)
    assert (answer.images_sent, answer.images_consumed) == (3, None)
    (body,) = server.asked
    assert [message["role"] for message in body["messages"]] == ["system", "user"]
    *pictures, text = body["messages"][1]["content"]
    assert text == {"type": "text", "text": "report of A"}
    for picture, image in zip(pictures, images, strict=True):
        encoded = picture["image_url"]["url"].removeprefix("data:image/png;base64,")
        pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(encoded))))
        assert np.array_equal(pixels, image.pixels)


def test_greedy_and_paper_decoding_reach_the_server() -> None:
    with chat_server() as server:
        with model_at(server) as model:
            generate_one(model, ask(repeat=2))
        with model_at(server) as model:
            generate_one(model, ask(profile="paper"))
        with model_at(server, extensions="off", token_limit="max_completion_tokens") as model:
            generate_one(model, ask(profile="paper"))
    greedy, paper, vendor = server.asked
    assert (greedy["temperature"], greedy["seed"], greedy["max_tokens"]) == (0.0, 7, 9)
    assert greedy["frequency_penalty"] == 0.0
    assert "top_k" not in greedy
    assert (paper["temperature"], paper["top_p"], paper["top_k"]) == (0.7, 1.0, 50)
    assert "top_k" not in vendor
    assert vendor["max_completion_tokens"] == 9


@pytest.mark.parametrize(
    ("behaviour", "raw", "reason"),
    [
        (served.ends_with("length"), "report of A", FinishReason.LENGTH),
        (served.ends_with("content_filter", content=None), "", FinishReason.REFUSED),
        (served.ends_with("stop", content=None, refusal="No"), "No", FinishReason.REFUSED),
        (served.ends_with("stop", content=None), "", FinishReason.STOP),
        (served.in_pieces, "report of A", FinishReason.STOP),
        (served.answers(model="another"), "report of A", FinishReason.STOP),
        (served.ends_with("tool_calls"), "report of A", FinishReason.UNKNOWN),
        (served.answers("x" * 10_000_000), "x" * 10_000_000, FinishReason.STOP),
    ],
)  # fmt: skip
def test_what_the_server_says_of_the_end_is_kept(
    behaviour: Behaviour, raw: str, reason: FinishReason
) -> None:
    with chat_server(behaviour) as server, model_at(server) as model:
        answer = generate_one(model, ask())
    assert (answer.raw, answer.finish_reason) == (raw, reason)
    assert len(server.asked) == 1


@pytest.mark.parametrize("usage", ["many", 3, {"prompt_tokens": "many"}, {"prompt_tokens": [1]}])
def test_token_counts_that_are_none_stay_unknown(usage: object) -> None:
    with chat_server(served.answers(usage=usage)) as server, model_at(server) as model:
        answer = generate_one(model, ask())
    assert (answer.raw, answer.usage) == ("report of A", Usage())


def test_a_text_in_parts_is_put_together() -> None:
    parts = [{"type": "text", "text": "report "}, {"type": "other"}, {"type": "text", "text": "B"}]
    with chat_server(served.ends_with("stop", content=parts)) as server, model_at(server) as model:
        assert generate_one(model, ask()).raw == "report B"


def test_missing_token_counts_stay_unknown() -> None:
    with chat_server(served.answers(usage=None)) as server, model_at(server) as model:
        assert generate_one(model, ask()).usage.prompt_tokens is None


@pytest.mark.parametrize(
    "passing",
    [
        served.state(429, **AGAIN_SOON),
        served.state(500, **AGAIN_SOON),
        served.state(503, "<html>busy</html>", **AGAIN_SOON),
        served.cut,
    ],
)
def test_what_passes_is_tried_again_and_answered_once(passing: Behaviour) -> None:
    with chat_server(passing) as server, model_at(server) as model:
        assert generate_one(model, ask()).raw == "report of A"
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    ("lasting", "said", "requests"),
    [
        (served.state(429, **AGAIN_SOON), "HTTP 429", 3),
        (served.state(500, **AGAIN_SOON), "HTTP 500", 3),
        (served.state(400), "HTTP 400", 1),
        (served.cut, "the connection to http", 3),
        (served.state(200, '{"choices": [', content_type="application/json"), "makes no sense", 1),
        (served.answers(choices=[]), "without a choice", 1),
        (served.answers(choices=None), "without a choice", 1),
        (served.state(200, "[]"), "without a choice", 1),
        (served.answers(choices=[{}]), "makes no sense", 1),
        (served.answers(choices=[None]), "makes no sense", 1),
        (served.answers(choices="text"), "makes no sense", 1),
        (served.answers(choices={"0": {}}), "makes no sense", 1),
        (served.answers(choices=[{"message": None}]), "makes no sense", 1),
        (served.answers(choices=[{"message": "text"}]), "makes no sense", 1),
    ],
)
def test_what_lasts_is_an_error_of_that_case_and_the_others_are_answered(
    lasting: Behaviour, said: str, requests: int
) -> None:
    def only_b(handler: served.Handler, body: dict[str, Any]) -> None:
        asked = body["messages"][-1]["content"][-1]["text"]
        (lasting if asked == "report of B" else served.answer)(handler, body)

    with chat_server(default=only_b) as server, model_at(server, retries="2") as model:
        first, failed, third = model.generate([ask(case) for case in "ABC"])
    assert isinstance(first, Generation)
    assert isinstance(third, Generation)
    assert (first.raw, third.raw) == ("report of A", "report of C")
    assert isinstance(failed, GenerationFailed)
    assert "case B: " in str(failed)
    assert said in str(failed)
    assert "\n" not in str(failed)
    assert served.texts_asked(server).count("report of B") == requests


@pytest.mark.parametrize("slow", [served.hang, served.stall, served.drip])
def test_a_server_that_hangs_stalls_or_drips_is_a_timeout(slow: Behaviour) -> None:
    with (
        chat_server(slow) as server,
        model_at(server, timeout="0.5") as model,
        pytest.raises(GenerationTimeout, match=r"case A: no answer within 0\.5 s"),
    ):
        generate_one(model, ask())
    assert len(server.asked) == 1


def test_requests_are_under_way_together_up_to_the_limit_and_come_back_in_order() -> None:
    cases = [f"case-{number}" for number in range(12)]
    with (
        chat_server(default=served.after(0.1)) as server,
        model_at(server, concurrency=4) as model,
    ):
        replies = model.generate([ask(case) for case in cases])
    assert [reply.raw for reply in replies if isinstance(reply, Generation)] == [
        f"report of {case}" for case in cases
    ]
    assert server.most_under_way == 4
    assert len(server.asked) == 12


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_wrong_key_or_model_ends_the_run_before_the_first_answer(status: int) -> None:
    with (
        chat_server(default=served.state(status)) as server,
        model_at(server) as model,
        pytest.raises(UsageProblem, match=f"openai/m: .*HTTP {status}"),
    ):
        model.generate([ask("A")])


def test_a_server_that_dies_fails_what_follows_and_only_the_first_case_waits_for_it() -> None:
    cases = [f"B{number}" for number in range(20)]  # 3.5 s of retries each would be over a minute
    with chat_server() as server, model_at(server, concurrency=1, retries="3") as model:
        generate_one(model, ask("A"))
        server.die()
        replies = model.generate([ask(case) for case in cases])
    for case, reply in zip(cases, replies, strict=True):
        assert isinstance(reply, GenerationFailed)
        assert f"case {case}: the connection to http" in str(reply)
    assert len(server.asked) == 1


def test_threads_share_one_model_and_closing_it_sets_them_free() -> None:
    outcomes: list[object] = []

    def one(case: str) -> None:
        try:
            outcomes.append(generate_one(model, ask(case)).raw)
        except CancelledError:
            outcomes.append("cancelled")

    with chat_server(served.answer, served.answer, default=served.hang) as server:
        with model_at(server) as model:
            first = [threading.Thread(target=one, args=(case,)) for case in "AB"]
            for thread in first:
                thread.start()
            for thread in first:
                thread.join()
            last = [threading.Thread(target=one, args=(case,)) for case in "CD"]
            for thread in last:
                thread.start()
            while server.under_way < 2:
                time.sleep(0.01)
        for thread in last:
            thread.join(timeout=10)
        one("E")
    assert sorted(map(str, outcomes[:2])) == ["report of A", "report of B"]
    assert outcomes[2:] == ["cancelled"] * 3
    assert len(server.asked) == 4, "nothing is sent once the model is closed"


def test_the_same_after_an_answer_is_an_error_of_that_case() -> None:
    with chat_server(served.answer, served.state(404)) as server, model_at(server) as model:
        generate_one(model, ask("A"))
        with pytest.raises(GenerationFailed, match="case B: the server answered HTTP 404"):
            generate_one(model, ask("B"))


def test_a_server_that_is_not_there_ends_the_run() -> None:
    with chat_server() as server:
        pass
    with (
        model_at(server, retries="0") as model,
        pytest.raises(UsageProblem, match=r"the connection to .* failed"),
    ):
        model.generate([ask()])


def test_the_key_comes_from_the_environment_and_never_into_a_message(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OTHER_KEY", "sk-very-secret")
    quoting = served.state(400, '{"error": {"message": "bad key sk-very-secret"}}')
    with chat_server(quoting) as server, model_at(server, api_key_env="OTHER_KEY") as model:
        (reply,) = model.generate([ask()])
        assert server.keys == ["Bearer sk-very-secret"]
        assert "bad key ***" in str(reply)
        assert "secret" not in repr(model.endpoint) + str(reply) + model.identity.text


def test_a_redirect_is_not_followed() -> None:
    with chat_server() as other:
        moved = served.state(307, "{}", Location=f"{other.url}/chat/completions")
        with chat_server(default=moved) as server, model_at(server, retries="0") as model:
            (reply,) = model.generate([ask()])
        assert isinstance(reply, GenerationFailed)
        assert other.asked == []


def test_a_proxy_of_the_environment_gets_nothing_that_is_for_this_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with chat_server() as proxy, chat_server() as server:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url.removesuffix("/v1"))
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        with model_at(server) as model:
            assert generate_one(model, ask()).raw == "report of A"
        assert proxy.asked == []


@pytest.mark.parametrize(("private", "asked"), [(True, 0), (False, 1)])
def test_private_cases_are_not_shown_to_a_proxy_that_could_read_them(
    private: bool, asked: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = "gpu.invalid"
    settings = ProviderSettings(
        model_args={"base_url": f"http://{host}/v1", "probe": "off", "retries": "0"},
        private=private,
        allowed_hosts=frozenset({host}),
    )
    with chat_server() as proxy:
        for name in ("HTTP_PROXY", "http_proxy"):
            monkeypatch.setenv(name, proxy.url.removesuffix("/v1"))
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        model = load_provider("openai/m", settings)
        try:
            with suppress(UsageProblem):  # there is no such machine
                model.generate([ask()])
        finally:
            model.close()
        assert len(proxy.asked) == asked


def opened(model: ServedModel, request: GenerationRequest | None = None) -> Mapping[str, Any]:
    """What the service of ``model`` is found to be, with an example that has three images."""
    return open_service(model, lambda: request or ask("A", images=some_images(3)))


def test_the_probe_asks_twice_once_per_run_and_finds_that_images_are_looked_at() -> None:
    with chat_server() as server, model_at(server, probe="on") as model:
        assert model.images_verified is None
        facts = opened(model)
        assert model.images_verified
        told = ProviderSettings(model_args={"base_url": server.url}, service=facts)
        worker = load_provider("openai/m", told)
        assert isinstance(worker, ServedModel)
        assert worker.images_verified
        for one in (model, worker):
            one.generate([ask("C", images=some_images(3))])
        worker.close()
    assert [body["max_tokens"] for body in server.asked] == [1, 1, 9, 9]
    assert server.looked == ["/v1/models"]


def test_the_argument_probe_off_sends_no_request_of_the_run() -> None:
    with chat_server() as server, model_at(server, probe="off") as model:
        assert opened(model) == {"answered": False, "images_verified": None}
    assert server.asked == []


def test_a_server_that_does_not_look_at_images_ends_the_run() -> None:
    blind = served.answers(usage={"prompt_tokens": 10, "completion_tokens": 1, "total_tokens": 11})
    with (
        chat_server(default=blind) as server,
        model_at(server, probe="on") as model,
        pytest.raises(UsageProblem, match="10 prompt tokens with 3 images and 10 without"),
    ):
        opened(model)


def test_without_token_counts_the_images_stay_unverified() -> None:
    with (
        chat_server(default=served.answers(usage=None)) as server,
        model_at(server, probe="on") as model,
    ):
        assert opened(model) == {"answered": True, "images_verified": None}


def test_a_probe_that_fails_says_nothing_of_the_images() -> None:
    with (
        chat_server(default=served.state(400)) as server,
        model_at(server, probe="on") as model,
    ):
        assert opened(model)["images_verified"] is None


def test_nothing_at_the_address_is_said_at_once_and_tried_once() -> None:
    with chat_server() as server:
        pass
    with (
        model_at(server, retries="5") as model,
        pytest.raises(UsageProblem, match=r"openai/m: no server answers at http://127.*start it"),
    ):
        opened(model)


def test_a_key_that_may_not_even_list_models_ends_the_run() -> None:
    with chat_server() as server, model_at(server) as model:
        server.models = served.state(401)
        with pytest.raises(UsageProblem, match="openai/m: the server answered HTTP 401"):
            opened(model)


@pytest.mark.parametrize("other", [served.state(404), served.state(403), served.state(500)])
def test_a_server_without_a_list_of_models_is_a_server_all_the_same(other: Behaviour) -> None:
    with chat_server() as server, model_at(server, probe="on") as model:
        server.models = other
        assert opened(model)["images_verified"]


def test_the_identity_is_only_what_the_user_states() -> None:
    with chat_server() as server, model_at(server) as model:
        assert (model.identity.verified, model.identity.reusable) == (False, False)
        with model_at(server, spec="openai/m@2026-11") as stated:
            assert stated.identity.text == "openai/m@2026-11"
            assert (stated.identity.verified, stated.identity.reusable) == (False, True)
        with model_at(server, spec="openai/m@2026-11", extensions="off") as other:
            assert other.identity.text != stated.identity.text


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (ProviderSettings(), "cohort is private and api.openai.com is not.*allow-remote=api"),
        (ProviderSettings(offline=True, private=False), "lets nothing leave this machine"),
        (ProviderSettings(allowed_hosts=frozenset({"other.org"})), "cohort is private"),
    ],
)
def test_private_cases_do_not_leave_this_machine_unasked(
    monkeypatch: pytest.MonkeyPatch, settings: ProviderSettings, said: str
) -> None:
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    with pytest.raises(UsageProblem, match=said):
        load_provider("openai/gpt", settings)


@pytest.mark.parametrize(
    "settings",
    [
        ProviderSettings(private=False),
        ProviderSettings(allowed_hosts=frozenset({"api.openai.com"})),
        ProviderSettings(offline=True, model_args={"base_url": "http://localhost:1/v1"}),
        ProviderSettings(offline=True, model_args={"base_url": "http://[::1]:1/v1"}),
    ],
)
def test_what_is_allowed_or_local_is_opened(
    monkeypatch: pytest.MonkeyPatch, settings: ProviderSettings
) -> None:
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    assert load_provider("openai/gpt", settings).needs_images


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"base_url": "localhost:8000"}, "is no address of a server"),
        ({"base_url": "http://localhost:99999/v1"}, "is no address of a server"),
        ({"base_url": "http://u:p@localhost/v1"}, "no user name or password"),
        ({"base_url": "http://localhost.evil.org/v1"}, "cohort is private"),
        ({"base_url": "http://127.0.0.1.evil.org/v1"}, "cohort is private"),
        ({"timeout": "soon"}, "timeout=soon is no number"),
        ({"retries": "-1"}, "retries=-1 is no number"),
        ({"token_limit": "tokens"}, "none of max_tokens, max_completion_tokens"),
        ({"probe": "yes"}, "none of on, off"),
        ({"api_key": "sk"}, "unknown model argument 'api_key'"),
    ],
)
def test_a_wrong_argument_is_explained(arguments: dict[str, str], said: str) -> None:
    given = {"base_url": "http://localhost:1/v1", **arguments}
    with pytest.raises(UsageProblem, match=said):
        load_provider("openai/m", ProviderSettings(model_args=given))
