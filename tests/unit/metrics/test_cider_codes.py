"""The n-grams of CIDEr keep apart, however many distinct tokens there are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_pet2rep.metrics.cider import Cider, count_references, ngram_codes
from pytest_pet2rep.metrics.text import Convention
from pytest_pet2rep.metrics.tokenizers import get_tokenizer
from pytest_pet2rep.types import Language, Section


@given(tokens=st.lists(st.sampled_from("abc"), max_size=12))
def test_two_ngrams_have_one_code_only_if_they_are_equal(tokens: list[str]) -> None:
    spelled: dict[int, tuple[str, ...]] = {}
    for order, codes in enumerate(ngram_codes(tokens), start=1):
        assert len(codes) == max(len(tokens) - order + 1, 0)
        for at, code in enumerate(codes.tolist()):
            ngram = tuple(tokens[at : at + order])
            assert spelled.setdefault(code, ngram) == ngram
    assert len(set(spelled.values())) == len(spelled)


def test_a_large_vocabulary_has_no_systematic_collisions() -> None:
    size = 60_000
    single, pairs, *_ = ngram_codes([f"t{number}" for number in range(size)])
    assert np.unique(np.concatenate([single, pairs])).size == 2 * size - 1


def test_texts_without_a_common_word_score_zero_beside_a_large_vocabulary() -> None:
    words = [f"t{number}" for number in range(50_000)]
    convention = Convention(language=Language.EN, section=Section.FINDINGS)
    metric = Cider(
        name="cider",
        convention=convention,
        tokenizer=get_tokenizer("whitespace"),
        references=count_references([words, ["x"], ["y"]]),
    )
    # With codes in base 38,967 the pair (10, 38972) had the code of the pair (11, 5).
    assert metric.statistics("t10 t38972", "t11 t5") == [0.0]
    assert metric.statistics("t10 t38972", "t10 t38972") == pytest.approx([5.0])


@given(order=st.permutations(["a b c", "b c d", "c d", "x"]))
def test_the_order_of_references_does_not_change_a_score(order: list[str]) -> None:
    usual = count_references([text.split() for text in ("a b c", "b c d", "c d", "x")])
    other = count_references([text.split() for text in order])
    assert other.digest == usual.digest
    assert other.codes.tolist() == usual.codes.tolist()
    assert other.frequency.tolist() == usual.frequency.tolist()
