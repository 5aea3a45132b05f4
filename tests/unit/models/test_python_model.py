"""A model that the user drives with a few lines of Python."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pytest_pet2rep.errors import (
    GenerationFailed,
    GenerationTimeout,
    UnknownName,
    UsageProblem,
)
from pytest_pet2rep.models.provider import Provider, ahead_of, generate_one, takes_batches
from pytest_pet2rep.models.registry import ProviderSettings, load_provider
from pytest_pet2rep.types import FinishReason
from tests.model_inputs import a_request, some_images

Loaded = Callable[..., Provider]


@pytest.fixture
def loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Loaded]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [p for p in sys.path if p])
    opened = []

    def load(code: str, settings: ProviderSettings | None = None, at: str = "") -> Provider:
        (tmp_path / "user_model.py").write_text(code)
        sys.modules.pop("user_model", None)
        opened.append(load_provider(f"py/user_model:make{at}", settings))
        return opened[-1]

    yield load
    for provider in opened:
        provider.close()
        provider.close()
    sys.modules.pop("user_model", None)


def test_three_lines_make_a_model(loaded: Loaded) -> None:
    provider = loaded(
        "def make():\n    return lambda request: request.case_id + request.language\n"
    )
    generation = generate_one(provider, a_request("A", images=some_images(2)))
    assert generation.raw == "Azh"
    assert generation.images_sent == 2
    assert generation.images_consumed is None
    assert provider.needs_images
    assert not provider.sees_reference


def test_an_object_may_generate_and_say_what_it_needs(loaded: Loaded) -> None:
    provider = loaded(
        "from pytest_pet2rep.types import Generation, Usage\n"
        "class Model:\n"
        "    needs_images = False\n"
        "    closed = 0\n"
        "    def generate(self, request):\n"
        "        return Generation(raw='x', usage=Usage(completion_tokens=1))\n"
        "    def close(self):\n"
        "        Model.closed += 1\n"
        "make = Model\n"
    )
    assert generate_one(provider, a_request()).usage.completion_tokens == 1
    assert not provider.needs_images
    provider.close()
    provider.close()
    assert sys.modules["user_model"].Model.closed == 1


def test_requests_of_an_asynchronous_model_are_under_way_together(loaded: Loaded) -> None:
    provider = loaded(
        "import asyncio\n"
        "inside = most = 0\n"
        "async def generate(request):\n"
        "    global inside, most\n"
        "    inside += 1; most = max(most, inside)\n"
        "    await asyncio.sleep(0.01)\n"
        "    inside -= 1\n"
        "    if request.case_id == 'B': raise ValueError('no  such\\ncase')\n"
        "    return request.case_id\n"
        "def make(): return generate\n"
    )
    first, failed, third = provider.generate([a_request(case) for case in "ABC"])
    assert not isinstance(first, GenerationFailed)
    assert not isinstance(third, GenerationFailed)
    assert (first.raw, third.raw) == ("A", "C")
    assert isinstance(failed, GenerationFailed)
    assert str(failed) == "case B: the model raised ValueError: no such case"
    assert sys.modules["user_model"].most == 3
    with pytest.raises(RuntimeError):
        asyncio.get_running_loop()


def test_an_exception_fails_one_case_with_type_and_message(loaded: Loaded) -> None:
    provider = loaded(
        "def generate(request):\n"
        "    if request.case_id == 'A': raise TimeoutError('30 s')\n"
        "    if request.case_id == 'B': return 7\n"
        "    return 'fine'\n"
        "def make(): return generate\n"
    )
    late, wrong, fine = provider.generate([a_request(case) for case in "ABC"])
    assert isinstance(late, GenerationTimeout)
    assert "TimeoutError: 30 s" in str(late)
    assert isinstance(wrong, GenerationFailed)
    assert "returned int; it must return a text or a Generation" in str(wrong)
    assert not isinstance(fine, GenerationFailed)


@pytest.mark.parametrize(
    "code",
    [
        "def generate(request):\n    yield 'part'\n",
        "async def generate(request):\n    yield 'part'\n",
        "async def generate(request):\n    return (part for part in 'part')\n",
    ],
)
def test_a_model_that_yields_is_told_to_return(loaded: Loaded, code: str) -> None:
    provider = loaded(code + "def make(): return generate\n")
    with pytest.raises(GenerationFailed, match="case A: the model yields its answer; it must"):
        generate_one(provider, a_request("A"))


def test_an_asynchronous_model_is_asked_from_any_thread(loaded: Loaded) -> None:
    provider = loaded("async def generate(r): return r.case_id\ndef make(): return generate\n")
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(generate_one, [provider] * 8, map(a_request, "ABCDEFGH")))
    assert [answer.raw for answer in answers] == list("ABCDEFGH")


def test_what_a_class_says_is_known_before_it_is_called(loaded: Loaded) -> None:
    provider = loaded(
        "class make:\n"
        "    needs_images, local_weights, ahead = False, True, 4\n"
        "    def __init__(self): raise AssertionError('called')\n"
    )
    assert (provider.needs_images, provider.local_weights, ahead_of(provider)) == (False, True, 4)
    assert not takes_batches(provider)


def test_a_model_that_says_nothing_of_it_is_asked_in_turn(loaded: Loaded) -> None:
    provider = loaded("def make(): return lambda r: 'x'\n")
    assert not hasattr(provider, "ahead")
    assert (ahead_of(provider), takes_batches(provider)) == (1, False)


@pytest.mark.parametrize("wrong", ["'4'", "0", "True"])
def test_ahead_that_is_no_number_is_explained(loaded: Loaded, wrong: str) -> None:
    provider = loaded(f"class make:\n    ahead = {wrong}\n    def generate(self, r): return 'x'\n")
    with pytest.raises(UsageProblem, match=f"ahead is {wrong}, no whole number from 1"):
        ahead_of(provider)


ASYNCHRONOUS = (
    "async def generate(r): return 'x'\ndef make(): return generate\n",
    "class make:\n    async def generate(self, r): return 'x'\n",
    "class make:\n    async def __call__(self, r): return 'x'\n",
)


@pytest.mark.parametrize("code", ASYNCHRONOUS)
def test_an_asynchronous_model_has_as_many_requests_as_may_be_under_way(
    loaded: Loaded, code: str
) -> None:
    provider = loaded(code, ProviderSettings(concurrency=5))
    assert (ahead_of(provider), takes_batches(provider)) == (5, False)


@pytest.mark.parametrize("code", ASYNCHRONOUS)
def test_an_asynchronous_model_that_names_its_number_gets_so_many_in_one_call(
    loaded: Loaded, code: str
) -> None:
    provider = loaded(code + "make.ahead = 3\n", ProviderSettings(concurrency=5))
    assert (ahead_of(provider), takes_batches(provider)) == (3, True)


def test_an_asynchronous_model_with_weights_of_its_own_is_asked_in_turn(loaded: Loaded) -> None:
    provider = loaded(ASYNCHRONOUS[1] + "make.local_weights = True\n")
    assert not hasattr(provider, "ahead")


def test_images_that_were_not_all_seen_are_a_failure_not_a_low_score(loaded: Loaded) -> None:
    provider = loaded(
        "from pytest_pet2rep.types import Generation\n"
        "def make(): return lambda r: Generation(raw='x', images_consumed=1)\n"
    )
    with pytest.raises(GenerationFailed, match="3 images were sent but the model took in 1"):
        generate_one(provider, a_request(images=some_images(3)))


def test_model_arguments_reach_the_factory(loaded: Loaded) -> None:
    provider = loaded(
        "def make(word): return lambda request: word\n", ProviderSettings(model_args={"word": "w"})
    )
    assert generate_one(provider, a_request()).raw == "w"


def test_the_identity_is_only_what_the_user_states(loaded: Loaded) -> None:
    code = "def make(): return lambda request: 'x'\n"
    plain = loaded(code).identity
    assert (plain.verified, plain.reusable) == (False, False)
    stated = loaded(code, ProviderSettings(revision="v7")).identity
    assert (stated.text, stated.verified, stated.reusable) == ("py/user_model:make@v7", False, True)
    assert loaded(code, at="@v7").identity == stated


def test_a_model_made_with_other_arguments_is_another_one_whatever_revision_is_stated(
    loaded: Loaded,
) -> None:
    code = "def make(**arguments): return lambda request: 'x'\n"
    told: list[dict[str, str]] = [{}, {"weights": "a"}, {"weights": "b"}, {"b": "2", "a": "1"}]
    made = [
        loaded(code, ProviderSettings(revision="v7", model_args=one)).identity.text for one in told
    ]
    assert len(set(made)) == len(told)
    again = ProviderSettings(revision="v7", model_args={"a": "1", "b": "2"})
    assert loaded(code, again).identity.text == made[-1]
    secret = ProviderSettings(revision="v7", model_args={"api_key": "k-123456789"})
    assert "k-123456789" not in loaded(code, secret).identity.text


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("raise ValueError('broken')\ndef make(): pass\n", "ValueError: broken"),
        ("import no_such_module_here\n", "ModuleNotFoundError: No module named"),
        ("def make(): return 3\n", "returned a int"),
        ("def make(): raise KeyError('w')\n", "the factory failed: KeyError"),
        ("def make(word): return None\n", "the factory failed: TypeError"),
        ("async def make(): return lambda r: 'x'\n", "the factory is asynchronous"),
    ],
)
def test_a_module_or_factory_that_does_not_work_is_a_usage_problem(
    loaded: Loaded, code: str, said: str
) -> None:
    with pytest.raises(UsageProblem, match=said):
        loaded(code).generate([a_request()])


def test_a_misspelt_factory_gets_the_nearest_one(loaded: Loaded) -> None:
    with pytest.raises(UnknownName, match="did you mean 'maker'"):
        loaded("def maker(): pass\n")


@pytest.mark.parametrize("name", ["py/user_model", "py/:make", "py/user_model:"])
def test_a_name_without_module_or_factory_is_explained(name: str) -> None:
    with pytest.raises(UsageProblem, match="py/MODULE:FACTORY"):
        load_provider(name)


def blocks_of_the_how_to() -> list[str]:
    page = Path(__file__).parents[3] / "docs" / "how-to" / "own-model.md"
    return re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)


def test_the_first_example_of_the_how_to_runs(loaded: Loaded) -> None:
    model = "my_vlm = lambda system, user, images: f'{user}: {len(images)}'\n"
    provider = loaded(model + blocks_of_the_how_to()[0])
    assert generate_one(provider, a_request(images=some_images(2))).raw == "user: 2"


def test_the_second_example_of_the_how_to_runs(loaded: Loaded) -> None:
    client = (
        "from types import SimpleNamespace as Reply\n"
        "class client:\n"
        "    def ask(user, pixels):\n"
        "        return Reply(text=user, cut=True, tokens_in=5, tokens_out=2, images=len(pixels))\n"
    )
    provider = loaded(client + blocks_of_the_how_to()[1])
    answer = generate_one(provider, a_request(images=some_images(2)))
    assert (answer.raw, answer.images_consumed) == ("user", 2)
    assert (answer.finish_reason, answer.usage.prompt_tokens) == (FinishReason.LENGTH, 5)


def test_the_third_example_of_the_how_to_runs(loaded: Loaded) -> None:
    helper = "load = lambda path: lambda user, pixels: f'{path} {user} {len(pixels)}'\n"
    provider = loaded(
        helper + blocks_of_the_how_to()[2] + "make = MyModel\n",
        ProviderSettings(model_args={"path": "weights"}),
    )
    assert provider.local_weights
    assert generate_one(provider, a_request(images=some_images(2))).raw == "weights user 2"
