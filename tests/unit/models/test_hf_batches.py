"""Batches through ``hf/``: the same texts as alone, less where memory ends, failures kept apart."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pytest_pet2rep.errors import GenerationFailed, UnknownName, UsageProblem
from pytest_pet2rep.models.hf.chat import prepare
from pytest_pet2rep.models.hf.provider import HuggingFaceModel
from pytest_pet2rep.models.provider import ahead_of, generate_one, takes_batches
from pytest_pet2rep.models.registry import ProviderSettings, load_provider
from pytest_pet2rep.models.request import decoding_profile
from pytest_pet2rep.types import Generation, GenerationRequest, SentImage
from tests.model_inputs import a_request, some_images
from tests.tiny_vlm import KINDS, build_tiny_vlm

torch = pytest.importorskip("torch")
every_kind = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("vlm")
    return {kind: build_tiny_vlm(root / kind, kind) for kind in KINDS}


@pytest.fixture(scope="module")
def models(folders: dict[str, Path]) -> Iterator[dict[str, HuggingFaceModel]]:
    opened = {kind: opened_at(folder) for kind, folder in folders.items()}
    yield opened
    for model in opened.values():
        model.close()


def opened_at(folder: Path, **arguments: str) -> HuggingFaceModel:
    model = load_provider(f"hf/{folder}", ProviderSettings(model_args=arguments))
    assert isinstance(model, HuggingFaceModel)
    return model


def ask(case: str, profile: str = "greedy", tokens: int = 12, **changes: Any) -> GenerationRequest:
    """A request whose prompt and images are those of ``case`` alone."""
    number = int(case)
    fields = {
        "images": some_images(3, seed=number, rows=100 + 20 * number),
        "user": "请书写影像报告。" * (1 + number),
        "decoding": decoding_profile(profile, max_new_tokens=tokens),
    }
    return a_request(case, **{**fields, **changes})


def texts(replies: Any) -> list[str]:
    assert all(isinstance(reply, Generation) for reply in replies), replies
    return [reply.raw for reply in replies]


@every_kind
def test_images_sent_are_images_consumed_and_change_the_logits(
    models: dict[str, HuggingFaceModel], kind: str
) -> None:
    model = models[kind]
    scores = []
    for seed in (0, 0, 1):
        request = ask("1", images=some_images(3, seed=seed))
        answer = generate_one(model, request)
        assert (answer.images_sent, answer.images_consumed) == (3, 3)
        assert answer.usage.completion_tokens == 12
        with torch.inference_mode():
            inputs = prepare(model.loaded, request).inputs
            scores.append(model.loaded.model(**inputs).logits[0, -1])
    assert torch.equal(scores[0], scores[1])
    assert (scores[0] - scores[2]).abs().max() > 1e-4


@every_kind
@pytest.mark.parametrize("profile", ["greedy", "paper"])
def test_prompts_of_different_length_give_the_same_texts_alone_and_in_a_batch(
    folders: dict[str, Path], models: dict[str, HuggingFaceModel], kind: str, profile: str
) -> None:
    requests = [replace(ask(str(number), profile), repeat=number) for number in range(3)]
    alone = [generate_one(models[kind], request) for request in requests]
    batched = opened_at(folders[kind], batch_size="3")
    shapes = sizes_of_batches(batched)
    replies = batched.generate(requests)
    assert texts(replies) == [answer.raw for answer in alone]
    assert [reply.usage for reply in replies] == [answer.usage for answer in alone]  # type: ignore[union-attr]
    assert shapes == [3]


@every_kind
def test_padding_does_not_change_what_a_model_thinks_of_a_prompt(
    folders: dict[str, Path], models: dict[str, HuggingFaceModel], kind: str
) -> None:
    requests = [ask(str(number), tokens=1) for number in range(3)]
    batched = opened_at(folders[kind], batch_size="3")
    together = logits_of_first_tokens(batched, requests)
    alone = torch.cat([logits_of_first_tokens(models[kind], [request]) for request in requests])
    assert torch.allclose(together, alone, atol=1e-4)
    assert (alone[0] - alone[1]).abs().max() > 1e-3
    assert (alone[1] - alone[2]).abs().max() > 1e-3


def logits_of_first_tokens(model: HuggingFaceModel, requests: list[GenerationRequest]) -> Any:
    """Scores (requests, vocabulary) from which the first token of each text is chosen."""
    seen: list[Any] = []
    hook = model.loaded.model.register_forward_hook(
        lambda _module, _given, output: seen.append(output.logits[:, -1])
    )
    try:
        texts(model.generate(requests))
    finally:
        hook.remove()
    (scores,) = seen
    return scores


def sizes_of_batches(model: HuggingFaceModel, most: int = 99) -> list[int]:
    """The batch sizes that the model is asked for from now on; above ``most`` memory ends."""
    sizes: list[int] = []
    generate = model.loaded.model.generate

    def watched(**given: Any) -> Any:
        sizes.append(len(given["input_ids"]))
        if sizes[-1] > most:
            torch.empty(1 << 60)
        return generate(**given)

    model.loaded.model.generate = watched
    return sizes


def test_a_batch_that_does_not_fit_is_halved_and_stays_so(folders: dict[str, Path]) -> None:
    requests = [ask(str(number)) for number in range(5)]
    expected = texts(opened_at(folders["llava"]).generate(requests))
    model = opened_at(folders["llava"], batch_size="4")
    sizes = sizes_of_batches(model, most=2)
    assert texts(model.generate(requests)) == expected
    assert sizes == [4, 2, 2, 1]
    model.generate(requests[:4])
    assert sizes[4:] == [2, 2]


def test_a_case_that_does_not_fit_alone_is_one_sentence_and_the_next_goes_on(
    folders: dict[str, Path],
) -> None:
    model = opened_at(folders["llava"], batch_size="2")
    sizes = sizes_of_batches(model, most=0)
    first, second = model.generate([ask("0"), ask("1")])
    assert isinstance(first, GenerationFailed)
    assert isinstance(second, GenerationFailed)
    assert str(first).startswith("case 0: out of memory with 3 images; ")
    assert sizes == [2, 1, 1]


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
        RuntimeError("[enforce fail at alloc_cpu.cpp:117] DefaultCPUAllocator: not enough memory"),
        MemoryError(),
    ],
)
def test_every_way_of_running_out_of_memory_is_known(
    folders: dict[str, Path], error: Exception
) -> None:
    model = opened_at(folders["llava"])

    def fail(**_given: Any) -> None:
        raise error

    model.loaded.model.generate = fail
    with pytest.raises(GenerationFailed, match="out of memory with 3 images"):
        generate_one(model, ask("0"))


def test_what_one_case_does_leaves_the_others_of_its_batch(folders: dict[str, Path]) -> None:
    model = opened_at(folders["qwen2_5_vl"], batch_size="3")
    flat = SentImage(name="flat", pixels=np.zeros((0, 80, 3), dtype=np.uint8))
    good, bad, other = model.generate([ask("0"), ask("1", images=(flat,)), ask("2")])
    assert isinstance(bad, GenerationFailed)
    assert texts([good, other]) == texts(
        opened_at(folders["qwen2_5_vl"]).generate([ask("0"), ask("2")])
    )


def test_an_exception_over_a_batch_is_looked_for_case_by_case(folders: dict[str, Path]) -> None:
    model = opened_at(folders["llava"], batch_size="3")
    generate = model.loaded.model.generate
    guilty = prepare(model.loaded, ask("1")).inputs["input_ids"].shape[1]

    def fail(**given: Any) -> Any:
        lengths = given["attention_mask"].sum(dim=1).tolist()
        if guilty in lengths:
            raise ValueError("a bad prompt")
        return generate(**given)

    model.loaded.model.generate = fail
    good, bad, other = model.generate([ask("0"), ask("1"), ask("2")])
    assert str(bad) == "case 1: the model raised ValueError: a bad prompt"
    assert isinstance(good, Generation)
    assert isinstance(other, Generation)


def test_cases_with_other_images_or_decoding_share_no_batch(folders: dict[str, Path]) -> None:
    model = opened_at(folders["llava"], batch_size="4")
    sizes = sizes_of_batches(model)
    requests = [ask("0"), ask("1", images=some_images(2)), ask("2"), ask("3", tokens=4)]
    replies = model.generate(requests)
    assert sizes == [2, 1, 1]
    assert [reply.images_sent for reply in replies] == [3, 2, 3, 3]  # type: ignore[union-attr]
    assert replies[3].usage.completion_tokens == 4  # type: ignore[union-attr]


def test_a_text_that_ends_before_the_others_of_its_batch_is_not_padded(
    folders: dict[str, Path],
) -> None:
    model = opened_at(folders["llava"], batch_size="2")
    end = model.loaded.processor.tokenizer.eos_token_id

    def end_the_first(_module: Any, _given: Any, output: Any) -> None:
        output.logits[0, :, end] = 1e9

    hook = model.loaded.model.register_forward_hook(end_the_first)
    short, long = model.generate([ask("0"), ask("1")])
    hook.remove()
    assert isinstance(short, Generation)
    assert isinstance(long, Generation)
    assert (short.raw, short.usage.completion_tokens, short.finish_reason) == ("", 1, "stop")
    assert long.usage.completion_tokens == 12


def test_a_model_says_how_many_requests_make_a_batch(folders: dict[str, Path]) -> None:
    assert ahead_of(opened_at(folders["llava"])) == 1
    batched = opened_at(folders["llava"], batch_size="6")
    assert (ahead_of(batched), takes_batches(batched)) == (6, True)


def test_the_batch_size_is_part_of_the_identity_unless_it_is_one(folders: dict[str, Path]) -> None:
    plain = opened_at(folders["llava"]).identity
    assert opened_at(folders["llava"], batch_size="1").identity == plain
    assert opened_at(folders["llava"], batch_size="2").identity != plain


def test_an_argument_of_the_processor_changes_what_the_model_gets(folders: dict[str, Path]) -> None:
    def prompt_tokens(**arguments: str) -> int:
        model = opened_at(folders["qwen2_5_vl"], **arguments)
        return prepare(model.loaded, ask("3")).prompt_tokens

    size = '{"shortest_edge": 784, "longest_edge": 1568}'
    assert prompt_tokens(**{"processor.size": size}) < prompt_tokens()
    tiles = opened_at(folders["idefics3"], **{"processor.do_image_splitting": "true"})
    assert prepare(tiles.loaded, ask("0")).inputs["pixel_values"].shape[1] > 3


def test_an_argument_that_a_processor_would_ignore_is_named(folders: dict[str, Path]) -> None:
    model = opened_at(folders["qwen2_5_vl"], **{"processor.max_pixel": "100"})
    with pytest.raises(UnknownName, match=r"unknown model argument 'processor\.max_pixel'"):
        generate_one(model, ask("0"))


def test_variables_reach_the_chat_template_and_unknown_ones_are_named(
    folders: dict[str, Path], tmp_path: Path
) -> None:
    folder = shutil.copytree(folders["llava"], tmp_path / "thinking")
    template = folder / "chat_template.jinja"
    thinking = "{% if enable_thinking is defined and not enable_thinking %}<no>{% endif %}"
    template.write_text(template.read_text(encoding="utf-8") + thinking, encoding="utf-8")
    model = opened_at(folder, **{"chat_template.enable_thinking": "false"})
    prepared = prepare(model.loaded, ask("0"))
    assert prepared.text.endswith("<no>")
    told = model.loaded.processor.tokenizer.decode(prepared.inputs["input_ids"][0])
    assert told.endswith("<no>")
    assert not prepare(opened_at(folder).loaded, ask("0")).text.endswith("<no>")
    misspelt = opened_at(folder, **{"chat_template.enable_thinkin": "false"})
    with pytest.raises(UnknownName, match=r"did you mean 'chat_template\.enable_thinking'"):
        generate_one(misspelt, ask("0"))


def test_a_quantised_model_without_its_library_is_one_sentence(
    folders: dict[str, Path], tmp_path: Path
) -> None:
    folder = shutil.copytree(folders["llava"], tmp_path / "quantised")
    config = json.loads((folder / "config.json").read_text())
    config["quantization_config"] = {"quant_method": "bitsandbytes", "load_in_4bit": True}
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(UsageProblem, match=r"needs? .*accelerate|bitsandbytes") as caught:
        generate_one(opened_at(folder), ask("0"))
    assert "\n" not in str(caught.value)
