"""The digest of a request changes with everything that may change the answer, and only so."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pytest_pet2rep.errors import UnknownName
from pytest_pet2rep.models.prompts import load_prompt
from pytest_pet2rep.models.request import build_request, decoding_profile, request_digest
from pytest_pet2rep.types import CasePrompt, GenerationRequest, Language, SentImage
from tests.model_inputs import a_case, a_request, some_images

BASE = a_request(images=some_images())


def digest(request: GenerationRequest, identity: str = "m", purpose: str = "score") -> str:
    return request_digest(request, identity=identity, purpose=purpose)


def with_pixels(change: str) -> GenerationRequest:
    first = np.array(BASE.images[0].pixels)
    if change == "one value":
        first[0, 0, 0] ^= 1
    else:
        first = first.reshape(first.shape[1], first.shape[0], 3)
    return replace(
        BASE, images=(SentImage(name=BASE.images[0].name, pixels=first), *BASE.images[1:])
    )


@pytest.mark.parametrize(
    "other",
    [
        replace(BASE, case_id="PET-0002"),
        replace(BASE, system="other"),
        replace(BASE, user="other"),
        replace(BASE, template="other"),
        replace(BASE, language=Language.EN),
        replace(BASE, reference="seen"),
        replace(BASE, repeat=1),
        replace(BASE, decoding={**BASE.decoding, "seed": 1}),
        replace(BASE, images=BASE.images[::-1]),
        replace(BASE, images=BASE.images[:2]),
        with_pixels("one value"),
        with_pixels("shape"),
    ],
)
def test_what_may_change_the_answer_changes_the_digest(other: GenerationRequest) -> None:
    assert digest(other) != digest(BASE)


def test_model_and_purpose_are_part_of_the_digest() -> None:
    assert len({digest(BASE), digest(BASE, identity="n"), digest(BASE, purpose="aa")}) == 3


def test_equal_requests_have_equal_digests_whatever_the_memory_layout() -> None:
    copies = tuple(
        SentImage(name=image.name, pixels=np.asfortranarray(image.pixels)) for image in BASE.images
    )
    assert digest(replace(BASE, images=copies)) == digest(BASE)


def test_greedy_does_not_sample_and_paper_samples_as_the_authors_do() -> None:
    greedy = decoding_profile("greedy", seed=7, max_new_tokens=64)
    assert greedy["do_sample"] is False
    assert (greedy["seed"], greedy["max_new_tokens"]) == (7, 64)
    paper = decoding_profile("paper")
    assert {k: paper[k] for k in ("temperature", "top_k", "top_p", "max_new_tokens")} == {
        "temperature": 0.7,
        "top_k": 50,
        "top_p": 1.0,
        "max_new_tokens": 1024,
    }
    with pytest.raises(UnknownName, match="did you mean 'greedy'"):
        decoding_profile("greddy")


def test_the_reference_is_given_only_to_who_may_see_it() -> None:
    prompt, decoding = load_prompt(Language.ZH), decoding_profile("greedy")
    assert build_request(a_case(), prompt, decoding=decoding).reference is None
    seen = build_request(a_case(), prompt, decoding=decoding, with_reference=True)
    assert seen.reference == "肝脏FDG摄取增高。"


def test_the_prompt_of_a_case_is_used_word_for_word() -> None:
    own = CasePrompt(system=" s ", user="<image> 写[]\n示例：\n肝【增高】")
    request = build_request(
        a_case(prompt=own), load_prompt(Language.EN), decoding=decoding_profile("greedy")
    )
    assert (request.system, request.user, request.language) == (own.system, own.user, Language.ZH)
    assert request.template == "肝增高"


def test_a_model_is_not_told_sex_or_reference() -> None:
    request = build_request(
        a_case(sex="F"), load_prompt(Language.ZH), decoding=decoding_profile("greedy")
    )
    plain = build_request(a_case(), load_prompt(Language.ZH), decoding=decoding_profile("greedy"))
    assert (request.system, request.user) == (plain.system, plain.user)
