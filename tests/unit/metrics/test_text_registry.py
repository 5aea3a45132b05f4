"""From names to metrics: sets, conventions, and errors before anything is generated."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from importlib import metadata
from pathlib import Path
from types import ModuleType

import pytest

from pytest_pet2rep.errors import MetricUnavailable, UnknownName
from pytest_pet2rep.metrics import registry
from pytest_pet2rep.metrics.registry import (
    SETS,
    MetricOptions,
    MetricRequest,
    resolve_metrics,
    text_metric_names,
)
from pytest_pet2rep.metrics.text import AdditiveMetric, Sees, TextMetric
from pytest_pet2rep.types import Language, Level, Section


def resolve(*names: str, language: Language = Language.ZH, **more: object) -> list[TextMetric]:
    metrics = resolve_metrics(names, language=language, section=Section.FINDINGS, **more)  # type: ignore[arg-type]
    return list(metrics)


def names_of(metrics: Sequence[TextMetric]) -> list[str]:
    return [metric.name for metric in metrics]


def test_the_set_pet2rep_is_corpus_bleu_and_mean_meteor_and_rouge() -> None:
    metrics = resolve("pet2rep")
    assert names_of(metrics) == ["bleu1", "bleu2", "bleu3", "bleu4", "meteor", "rouge_l"]
    assert [metric.level for metric in metrics] == [Level.CORPUS] * 4 + [Level.MEAN_OF_CASES] * 2
    assert all("smooth:none" in metric.signature() for metric in metrics[:4])


def test_the_set_petrg_has_mean_and_corpus_bleu_side_by_side() -> None:
    metrics = {metric.name: metric for metric in resolve("petrg")}
    assert "smooth:add1|" in metrics["bleu4"].signature()
    assert metrics["bleu4"].level is Level.MEAN_OF_CASES
    assert metrics["bleu4_corpus"].level is Level.CORPUS
    assert {"meteor", "rouge_1", "rouge_2", "rouge_l", "cider"} <= metrics.keys()


def test_beside_another_bleu_that_of_petrg_keeps_its_prefix() -> None:
    metrics = {metric.name: metric for metric in resolve("petrg", "pet2rep")}
    assert "smooth:none" in metrics["bleu4"].signature()
    assert "smooth:add1" in metrics["petrg.bleu4"].signature()
    assert names_of(resolve("petrg", "pet2rep")).count("meteor") == 1


def test_the_prefix_changes_no_signature() -> None:
    alone = {metric.name: metric.signature() for metric in resolve("petrg")}
    beside = {metric.name: metric.signature() for metric in resolve("pet2rep", "petrg")}
    for name in ("bleu1", "bleu4", "bleu4_corpus"):
        assert beside[f"petrg.{name}"] == alone[name]
    (named,) = resolve("bleu4_mean+add1")
    assert named.signature().replace("section:findings", "section:whole") == alone["bleu4"]


def test_the_set_petrg_sees_whole_texts_as_they_came_and_cuts_them_with_jieba() -> None:
    for language in Language:
        for metric in resolve("petrg", language=language):
            assert "|tok:jieba-" in metric.signature()
            assert metric.signature().endswith(f"|section:whole|language:{language}|clean:none")
            assert getattr(metric, "sees") is Sees.WHOLE  # noqa: B009
    assert {getattr(metric, "sees") for metric in resolve("full")} == {Sees.SCORED}  # noqa: B009


def test_beside_another_of_the_same_name_all_of_petrg_keep_their_prefix() -> None:
    names = [metric.name for metric in resolve("meteor", "petrg")]
    assert names == ["meteor", *SETS["petrg"]]


def test_the_cleaning_step_is_in_every_signature() -> None:
    found = resolve("pet2rep", cleaning="clean:7")
    assert all(metric.signature().endswith("|clean:7") for metric in found)


def test_a_name_given_twice_is_scored_once() -> None:
    assert names_of(resolve("bleu4", "pet2rep", "bleu4")).count("bleu4") == 1


@pytest.mark.parametrize(
    ("language", "tokenizer"), [(Language.ZH, "jieba-"), (Language.EN, "13a(sacrebleu-")]
)
def test_the_language_of_a_report_chooses_the_tokenizer(language: Language, tokenizer: str) -> None:
    for metric in resolve("pet2rep", language=language):
        assert f"|tok:{tokenizer}" in metric.signature()
        assert f"|language:{language}" in metric.signature()


def test_a_name_may_carry_a_tokenizer() -> None:
    (metric,) = resolve("bleu4:char")
    assert metric.name == "bleu4:char"
    assert metric.signature().startswith("bleu4|tok:char(")


def test_the_same_score_under_two_names_has_one_signature() -> None:
    (one,), (other,) = resolve("bleu4_corpus"), resolve("bleu4")
    (third,) = resolve("bleu4:jieba")
    assert one.signature() == other.signature() == third.signature()


@pytest.mark.parametrize(
    "changed",
    [
        {"names": ["bleu3"]},
        {"names": ["bleu4:char"]},
        {"names": ["bleu4_mean"]},
        {"names": ["bleu4+add1"]},
        {"section": Section.IMPRESSION},
        {"language": Language.EN},
    ],
    ids=["order", "tokenizer", "level", "smoothing", "section", "language"],
)
def test_whatever_changes_the_number_changes_the_signature(changed: dict[str, object]) -> None:
    usual = {"names": ["bleu4"], "language": Language.ZH, "section": Section.FINDINGS}
    (one,) = resolve_metrics(**usual)  # type: ignore[arg-type]
    (other,) = resolve_metrics(**{**usual, **changed})  # type: ignore[arg-type]
    assert one.signature() != other.signature()


def test_the_number_of_cases_is_shown_and_not_compared() -> None:
    (metric,) = resolve("rouge_l")
    assert metric.signature(565) == f"{metric.signature()}|n:565"


def test_a_user_dictionary_enters_the_signature_of_jieba_metrics_only(tmp_path: Path) -> None:
    words = tmp_path / "words.txt"
    words.write_text("代谢缺失区 1000\n", encoding="utf-8")
    own = MetricOptions(user_dictionary=words)
    one, char = resolve("bleu4", "bleu4:char", options=own)
    plain, plain_char = resolve("bleu4", "bleu4:char")
    assert one.signature() != plain.signature()
    assert char.signature() == plain_char.signature()


def test_names_known_elsewhere_are_left_to_others() -> None:
    assert names_of(resolve("ce_f1", "bleu4", other_names={"ce_f1"})) == ["bleu4"]


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("blue4", "did you mean 'bleu4'"),
        ("rougel", "did you mean 'rouge_l'"),
        ("bleu4:jeiba", "unknown tokenizer 'jeiba': did you mean 'jieba'"),
        ("petr", "did you mean 'petrg'"),
    ],
)
def test_an_unknown_name_is_answered_with_the_nearest(name: str, hint: str) -> None:
    with pytest.raises(UnknownName, match=hint):
        resolve(name)


def test_a_metric_without_tokenizer_takes_none() -> None:
    with pytest.raises(MetricUnavailable, match="'chrf' has no tokenizer"):
        resolve("chrf:jieba")


def test_bertscore_without_an_encoder_is_an_error_and_not_skipped() -> None:
    with pytest.raises(MetricUnavailable, match="needs a local encoder"):
        resolve("bertscore")


def test_bertscore_without_a_layer_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(MetricUnavailable, match="needs the layer"):
        resolve("bertscore", options=MetricOptions(bertscore_model=str(tmp_path)))


def test_a_hub_encoder_needs_a_pinned_commit() -> None:
    options = MetricOptions(bertscore_model="some/encoder", bertscore_layer=9)
    with pytest.raises(MetricUnavailable, match="40 hex digits"):
        resolve("bertscore", options=options)


def test_full_asks_for_bertscore_only_where_an_encoder_is_configured() -> None:
    assert "bertscore" not in names_of(resolve("full"))
    with pytest.raises(MetricUnavailable, match="bertscore"):
        resolve("full", options=MetricOptions(bertscore_model="/nowhere", bertscore_layer=1))


class Length(AdditiveMetric):
    """A third party's metric: relative length."""

    def settings(self) -> tuple[str, ...]:
        return ("third-party:1",)

    def statistics(self, reference: str, prediction: str) -> list[float]:
        return [min(len(prediction) / max(len(reference), 1), 1.0)]


@pytest.fixture
def third_party(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Install a distribution with entry points ``length``, ``broken`` and ``wrong``."""
    info = tmp_path / "third_party-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: third-party\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[pytest_pet2rep.metrics]\nlength = third_party_metrics:length\n"
        "broken = no_such_module_at_all:make\nwrong = third_party_metrics:wrong\n"
    )
    module = ModuleType("third_party_metrics")

    def length(request: MetricRequest) -> TextMetric:
        return Length(name=request.name, convention=request.convention)

    vars(module).update(length=length, wrong=lambda request: object())
    monkeypatch.setitem(sys.modules, "third_party_metrics", module)
    monkeypatch.syspath_prepend(str(tmp_path))
    registry._installed.cache_clear()
    assert "length" in {e.name for e in metadata.entry_points(group=registry.ENTRY_POINTS)}
    yield
    registry._installed.cache_clear()


@pytest.mark.usefixtures("third_party")
def test_metrics_of_other_packages_join_by_entry_point() -> None:
    (metric,) = resolve("length")
    assert (
        metric.aggregate([metric.statistics("abcd", "ab"), metric.statistics("ab", "ab")]) == 0.75
    )
    assert "length" in text_metric_names()


@pytest.mark.usefixtures("third_party")
@pytest.mark.parametrize(
    ("name", "message"), [("broken", "cannot be imported"), ("wrong", "lacks parts of TextMetric")]
)
def test_a_broken_metric_of_another_package_is_a_named_error(name: str, message: str) -> None:
    with pytest.raises(MetricUnavailable, match=message):
        resolve(name)
