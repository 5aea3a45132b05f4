"""Tokenizers: what each one keeps, that the fast one equals jieba, and what its name says."""

from __future__ import annotations

import logging
from pathlib import Path

import jieba
import pytest
from sacrebleu.tokenizers.tokenizer_13a import Tokenizer13a
from sacrebleu.tokenizers.tokenizer_intl import TokenizerV14International
from sacrebleu.tokenizers.tokenizer_zh import TokenizerZh

from pytest_pet2rep.errors import UnknownName, UsageProblem
from pytest_pet2rep.metrics import segmentation
from pytest_pet2rep.metrics.tokenizers import get_tokenizer, known_tokenizers
from tests.text_reports import EN, ZH

TEXTS = [text for pair in (*ZH, *EN) for text in pair]
SENTENCE = "肝S4段FDG摄取\u3000增高，SUVmax 12.5。"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("char", "肝 S4 段 FDG 摄 取 增 高 ， SUVmax 12 . 5 。"),
        ("char-nopunct", "肝 S4 段 FDG 摄 取 增 高 SUVmax 12 5"),
        ("codepoint", "肝 S 4 段 F D G 摄 取 增 高 ， S U V m a x 1 2 . 5 。"),
        ("clause", "肝S4段FDG摄取 增高 SUVmax 12 5"),
        ("whitespace", "肝S4段FDG摄取 增高，SUVmax 12.5。"),
        ("rouge", "s4 fdg suvmax 12 5"),
    ],
)
def test_a_tokenizer_keeps_what_its_name_says(name: str, expected: str) -> None:
    assert get_tokenizer(name)(SENTENCE) == expected.split(" ")


@pytest.mark.parametrize("text", [*TEXTS, SENTENCE, "\r\n。。\n", "。\r\n肝。", "", "肝"])
def test_jieba_with_a_memory_cuts_as_plain_jieba(text: str) -> None:
    plain = [word for word in jieba.lcut(text) if word.strip()]
    cut = get_tokenizer("jieba")
    assert cut(text) == plain
    assert cut(text) == plain  # from memory


@pytest.mark.parametrize(
    ("name", "theirs"),
    [("zh", TokenizerZh), ("13a", Tokenizer13a), ("intl", TokenizerV14International)],
)
@pytest.mark.parametrize("text", [*TEXTS, SENTENCE, "a<skipped>b-\nc &amp; d", ""])
def test_sacrebleu_tokenizers_are_those_of_sacrebleu(name: str, theirs: type, text: str) -> None:
    assert get_tokenizer(name)(text) == theirs()(text).split()


@pytest.mark.parametrize("name", known_tokenizers())
def test_no_tokenizer_gives_blank_tokens(name: str) -> None:
    cut = get_tokenizer(name)
    assert cut("") == cut(" \t\r\n\u3000 ") == []
    assert all(token.strip() for text in TEXTS for token in cut(text))


@pytest.mark.parametrize("name", known_tokenizers())
def test_a_signature_starts_with_the_name_and_names_the_library(name: str) -> None:
    signature = get_tokenizer(name).signature
    assert signature.startswith(name)
    assert signature == get_tokenizer(name).signature
    library = {"jieba": "jieba-", "zh": "sacrebleu-", "13a": "sacrebleu-", "intl": "sacrebleu-"}
    assert library.get(name, "") in signature


def test_a_user_dictionary_changes_the_cut_and_the_signature(tmp_path: Path) -> None:
    words = tmp_path / "words.txt"
    words.write_text("放射性缺损 100000\n", encoding="utf-8")
    own = get_tokenizer("jieba", user_dictionary=words)
    plain = get_tokenizer("jieba")
    assert "放射性缺损" in own("左肾放射性缺损。")
    assert "放射性缺损" not in plain("左肾放射性缺损。")
    assert own.signature.startswith(plain.signature.rstrip(")"))
    assert own.signature != plain.signature


def test_a_changed_user_dictionary_is_read_again(tmp_path: Path) -> None:
    words = tmp_path / "words.txt"
    words.write_text("放射性缺损 100000\n", encoding="utf-8")
    first = get_tokenizer("jieba", user_dictionary=words)
    words.write_text("左肾放射性 100000\n", encoding="utf-8")
    second = get_tokenizer("jieba", user_dictionary=words)
    assert "左肾放射性" in second("左肾放射性缺损。")
    assert "左肾放射性" not in first("左肾放射性缺损。")


def test_words_added_to_the_global_jieba_change_nothing() -> None:
    cut = get_tokenizer("jieba")
    before = cut("甲乙丙丁代谢缺失区")
    jieba.add_word("代谢缺失区", 1_000_000)
    try:
        segmentation.jieba_segmenter.cache_clear()
        assert get_tokenizer("jieba")("甲乙丙丁代谢缺失区") == before
    finally:
        jieba.del_word("代谢缺失区")


def test_jieba_is_loaded_silently_into_our_own_cache_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PET2REP_CACHE", str(tmp_path))
    segmentation.jieba_segmenter.cache_clear()
    get_tokenizer("jieba")("肝脏")
    assert [path.suffix for path in tmp_path.rglob("*") if path.is_file()] == [".cache"]
    assert tmp_path in next(tmp_path.rglob("*.cache")).parents
    assert capfd.readouterr() == ("", "")
    assert jieba.default_logger.level == logging.DEBUG


def test_without_a_writable_cache_jieba_still_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.touch()
    monkeypatch.setenv("PET2REP_CACHE", str(in_the_way))
    segmentation.jieba_segmenter.cache_clear()
    assert get_tokenizer("jieba")("肝脏增大") == ["肝脏", "增大"]
    assert capfd.readouterr() == ("", "")


def test_an_unknown_tokenizer_is_named_with_the_nearest_known_one() -> None:
    with pytest.raises(UnknownName, match="unknown tokenizer 'jeiba': did you mean 'jieba'"):
        get_tokenizer("jeiba")


def test_a_user_dictionary_must_exist_and_be_for_jieba(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match="cannot be read: No such file"):
        get_tokenizer("jieba", user_dictionary=tmp_path / "none.txt")
    with pytest.raises(UsageProblem, match="only jieba does"):
        get_tokenizer("char", user_dictionary=tmp_path / "none.txt")


def test_a_user_dictionary_that_is_no_text_is_a_usage_problem(tmp_path: Path) -> None:
    words = tmp_path / "words.txt"
    words.write_bytes(b"\xff\xfe\x00bad")
    with pytest.raises(UsageProblem, match="one word per line"):
        get_tokenizer("jieba", user_dictionary=words)


def test_a_long_stream_of_texts_is_not_kept_by_sacrebleu() -> None:
    cut = get_tokenizer("zh")
    for number in range(1000):
        cut(f"报告{number}")
    assert TokenizerZh.__call__.cache_info().currsize <= 256


def test_a_long_text_without_a_full_stop_is_still_segmented_as_jieba_does() -> None:
    text = "肝右叶见低密度结节，FDG摄取增高，边界不清，" * 200
    assert len(text) > 4000
    assert get_tokenizer("jieba")(text) == [t for t in jieba.lcut(text) if t.strip()]


def test_an_unbroken_block_of_any_length_is_cut_in_linear_time_and_loses_nothing() -> None:
    text = "肝" * 30_000
    assert "".join(get_tokenizer("jieba")(text)) == text
