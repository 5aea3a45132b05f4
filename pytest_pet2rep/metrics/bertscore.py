"""BERTScore (Zhang et al. 2020) with bert-score's layers and matching, and no truncation.

bert-score itself drops what is longer than the encoder takes, so that the impression of a usual
report is never compared, and fails on empty text under transformers 5.  Here a long report is
encoded in windows that begin at sections and sentences, and all its tokens are matched at once;
a report that fits is scored as bert-score scores it.  No baseline rescaling, no idf weights.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from pytest_pet2rep.errors import MetricUnavailable
from pytest_pet2rep.metrics.encoder import Embedding, Encoder
from pytest_pet2rep.metrics.text import AdditiveMetric, Convention, Pair

BATCH_PAIRS = 32
_REVISION = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, kw_only=True, slots=True)
class BertScore(AdditiveMetric):
    """F1 of BERTScore, mean of cases; an empty side scores 0."""

    encoder: Encoder

    def settings(self) -> tuple[str, ...]:
        return (
            f"encoder:{self.encoder.digest}",
            f"layer:{self.encoder.layer}",
            "measure:f1",
            "idf:no",
            "rescaled:no",
            "long:windows",
            f"bert-score-{metadata.version('bert-score')}",
            f"transformers-{metadata.version('transformers')}",
        )

    def statistics(self, reference: str, prediction: str) -> list[float]:
        return self.batch_statistics([(reference, prediction)])[0]

    def batch_statistics(self, pairs: Sequence[Pair]) -> list[list[float]]:
        rows = []
        for start in range(0, len(pairs), BATCH_PAIRS):
            chunk = pairs[start : start + BATCH_PAIRS]
            references = self.encoder.embed_references([reference for reference, _ in chunk])
            predictions = self.encoder.embed([prediction for _, prediction in chunk])
            rows += [[f1(r, p)] for r, p in zip(references, predictions, strict=True)]
        return rows

    def identity_value(self, text: str) -> float:
        return 1.0 if text.strip() else 0.0

    def disjoint_bounds(self, reference: str, prediction: str) -> tuple[float, float]:
        """Embeddings of unrelated texts are still alike; all that is sure is below identity."""
        return (-1.0, 0.999)


def f1(reference: Embedding, prediction: Embedding) -> float:
    """F1 of greedy matching by cosine similarity, 0 where a side is empty."""
    if reference.is_empty or prediction.is_empty:
        return 0.0
    import torch
    from bert_score.utils import greedy_cos_idf

    sides = [
        part
        for side in (reference, prediction)
        for part in (
            side.vectors.clone()[None],
            torch.ones(1, len(side.weights)),
            side.weights.clone()[None],
        )
    ]
    _, _, f = greedy_cos_idf(*sides)
    return float(f[0])


def load_bertscore(
    *,
    name: str,
    convention: Convention,
    model: str,
    layer: int | None,
    revision: str = "",
    device: str = "cpu",
) -> BertScore:
    """Make the metric from a local encoder; nothing is ever downloaded.

    ``model`` is a folder, or the id of a hub repository that is in the local hub cache at the
    commit ``revision`` (40 hex digits).  ``layer`` is required: scores of different layers have
    nothing to do with one another.  Raises ``MetricUnavailable`` or ``MissingDependency``.
    """
    if not model:
        raise MetricUnavailable(
            "metric 'bertscore' needs a local encoder: name its folder and the layer to use"
        )
    if layer is None:
        raise MetricUnavailable(
            f"metric 'bertscore' needs the layer of encoder {model} to compare, e.g. 9 of 12"
        )
    encoder = Encoder(_folder(model, revision), layer, device)
    return BertScore(name=name, convention=convention, encoder=encoder)


def _folder(model: str, revision: str) -> Path:
    if Path(model).is_dir():
        return Path(model)
    if not _REVISION.fullmatch(revision):
        raise MetricUnavailable(
            f"metric 'bertscore': {model} is no folder; for a hub id give the commit as revision "
            f"(40 hex digits), so that the same encoder is meant tomorrow"
        )
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(model, revision=revision, local_files_only=True))
    except (LocalEntryNotFoundError, HFValidationError, HfHubHTTPError, OSError) as why:
        raise MetricUnavailable(
            f"metric 'bertscore': encoder {model} at {revision} is not on this machine; fetch it "
            f"once with 'hf download {model} --revision {revision}'"
        ) from why
