"""BERTScore with a real encoder, built here: a small BERT with random weights."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_pet2rep.errors import MetricUnavailable
from pytest_pet2rep.metrics.bertscore import BertScore, load_bertscore
from pytest_pet2rep.metrics.registry import MetricOptions, resolve_metrics
from pytest_pet2rep.metrics.selftest import self_test
from pytest_pet2rep.metrics.text import Convention, aggregate_scores, score_pairs
from pytest_pet2rep.types import Language, Section
from tests.text_reports import EN, ZH

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
pytest.importorskip("bert_score")

pytestmark = [pytest.mark.slow]
CONVENTION = Convention(language=Language.ZH, section=Section.FINDINGS)
LIMIT, LAYER = 64, 3
SHORT = [(a[-30:], b[-30:]) for a, b in [*ZH, *EN]]
FLIP = ("肝脏FDG摄取增高。", "肝脏FDG摄取减低。")
PARAPHRASE = ("肝脏FDG摄取增高。", "肝内可见示踪剂异常浓聚灶。")


def build_encoder(folder: Path, seed: int) -> Path:
    """Save a BERT of 4 layers and 64 dimensions whose pieces are the characters of our reports."""
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers, processors

    characters = sorted({c for pair in [*ZH, *EN, FLIP, PARAPHRASE] for text in pair for c in text})
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *(c for c in characters if not c.isspace())]
    tokenizer = Tokenizer(
        models.WordLevel({piece: n for n, piece in enumerate(pieces)}, unk_token="[UNK]")
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Split(Regex("."), "isolated")]
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        **{f"{name}_token": f"[{name.upper()}]" for name in ("pad", "unk", "cls", "sep")},
        model_max_length=LIMIT,
    ).save_pretrained(folder)
    torch.manual_seed(seed)
    config = transformers.BertConfig(
        vocab_size=len(pieces),
        hidden_size=64,
        num_hidden_layers=4,
        num_attention_heads=4,
        intermediate_size=128,
        max_position_embeddings=LIMIT,
    )
    transformers.BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return build_encoder(tmp_path_factory.mktemp("encoder"), seed=0)


@pytest.fixture(scope="module")
def metric(folder: Path) -> Iterator[BertScore]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield load_bertscore(
            name="bertscore", convention=CONVENTION, model=str(folder), layer=LAYER
        )


def score(metric: BertScore, reference: str, prediction: str) -> float:
    return metric.statistics(reference, prediction)[0]


def test_short_reports_score_as_with_bert_score(folder: Path, metric: BertScore) -> None:
    from bert_score import BERTScorer

    theirs = BERTScorer(model_type=str(folder), num_layers=LAYER, device="cpu")
    _, _, f1 = theirs.score([p for _, p in SHORT], [r for r, _ in SHORT])
    ours = [row[0] for row in metric.batch_statistics(SHORT)]
    assert ours == pytest.approx(f1.tolist(), abs=1e-5)


def test_an_empty_side_scores_zero(metric: BertScore) -> None:
    for pair in [("", ""), ("", "肝脏正常。"), ("肝脏正常。", " \n"), ("\u3000", "\t")]:
        assert score(metric, *pair) == 0


def test_odd_text_gets_a_score(metric: BertScore) -> None:
    for text in ["肝", "。", "\x00", "\ud800", "😀", "FDG肝\u0301", "。" * 1000]:
        assert 0 <= score(metric, "肝脏FDG摄取增高。", text) <= 1


def test_no_token_of_a_long_report_is_dropped(metric: BertScore) -> None:
    text = ZH[0][0] * 5
    encoder = metric.encoder
    inner = [ids[1:-1] for ids in encoder._window_ids(text)]
    whole = encoder._tokenizer(text, add_special_tokens=False)["input_ids"]
    assert len(inner) > 4
    assert [number for ids in inner for number in ids] == whole
    assert all(len(ids) + 2 <= LIMIT for ids in inner)


def test_what_stands_after_the_limit_of_the_encoder_counts(metric: BertScore) -> None:
    start = "肝脏大小正常，摄取未见异常。" * 10
    long, other = start + "右肺上叶结节代谢增高。", start + "膀胱充盈良好。"
    assert score(metric, long, long) == pytest.approx(1, abs=1e-5)
    assert score(metric, long, other) < 0.999


def test_batches_and_remembered_references_change_nothing(metric: BertScore) -> None:
    pairs = [*ZH, *EN, (ZH[0][0] * 4, ZH[1][1]), ("", "肝")]
    alone = [metric.statistics(*pair)[0] for pair in pairs]
    together = [row[0] for row in metric.batch_statistics(pairs)]
    assert together == pytest.approx(alone, abs=1e-5)
    again = [row[0] for row in metric.batch_statistics(pairs)]
    assert again == pytest.approx(together, abs=1e-6)


def test_remembered_references_stay_within_their_bytes(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pytest_pet2rep.metrics import encoder as module

    monkeypatch.setattr(module, "CACHE_BYTES", 60_000)
    encoder = module.Encoder(folder, LAYER, "cpu")
    for number in range(20):
        (embedding,) = encoder.embed_references([f"肝脏{number}摄取未见异常。"])
        assert not embedding.is_empty
        assert encoder._kept_bytes <= 60_000
    assert 1 < len(encoder._kept) < 20


def test_an_uptake_flip_scores_higher_than_a_correct_paraphrase(metric: BertScore) -> None:
    """Why BERTScore is no substitute for the uptake states: it rewards the opposite finding."""
    assert score(metric, *FLIP) > score(metric, *PARAPHRASE)


def test_the_signature_names_weights_and_layer(folder: Path, tmp_path: Path) -> None:
    same, other = (
        load_bertscore(name="bertscore", convention=CONVENTION, model=str(where), layer=LAYER)
        for where in (folder, build_encoder(tmp_path, seed=1))
    )
    deeper = load_bertscore(
        name="bertscore", convention=CONVENTION, model=str(folder), layer=LAYER + 1
    )
    signatures = {same.signature(), other.signature(), deeper.signature()}
    assert len(signatures) == 3
    assert f"encoder:{same.encoder.digest}|layer:{LAYER}|" in same.signature()


def test_bertscore_joins_the_set_full_and_passes_the_self_test(folder: Path) -> None:
    options = MetricOptions(bertscore_model=str(folder), bertscore_layer=LAYER)
    metrics = resolve_metrics(
        ["full"], language=Language.ZH, section=Section.FINDINGS, options=options
    )
    self_test(metrics, Language.ZH)
    plain = [m for m in metrics if m.name == "bertscore"]
    (result,) = aggregate_scores(plain, score_pairs(plain, ZH))
    assert result.value is not None
    assert 0 < result.value < 1


@pytest.mark.parametrize("layer", [0, 5, -1])
def test_a_layer_that_the_encoder_lacks_is_a_named_error(folder: Path, layer: int) -> None:
    with pytest.raises(MetricUnavailable, match=f"has layers 1 to 4, not {layer}"):
        load_bertscore(name="bertscore", convention=CONVENTION, model=str(folder), layer=layer)


def test_a_folder_without_an_encoder_is_a_named_error(tmp_path: Path) -> None:
    with pytest.raises(MetricUnavailable, match="cannot be loaded as an encoder"):
        load_bertscore(name="bertscore", convention=CONVENTION, model=str(tmp_path), layer=1)


def test_a_hub_encoder_that_is_not_on_this_machine_is_never_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(MetricUnavailable, match="is not on this machine; fetch it once"):
        load_bertscore(
            name="bertscore",
            convention=CONVENTION,
            model="no-such-owner/no-such-encoder",
            layer=1,
            revision="0" * 40,
        )
