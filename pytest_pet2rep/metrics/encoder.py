"""A local text encoder for BERTScore: loads quietly, embeds whole reports, names its weights."""

from __future__ import annotations

import hashlib
import re
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from pytest_pet2rep.errors import MetricUnavailable, MissingDependency
from pytest_pet2rep.metrics.windows import windows

LONGEST_WINDOW = 512
BATCH_TOKENS = 4096
"""Tokens of one forward pass, padding included."""
CACHE_BYTES = 256 << 20
"""Embeddings of references that are kept; the oldest go first."""
_SURROGATES = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, kw_only=True, slots=True)
class Embedding:
    """One text: ``vectors`` is a float32 tensor (tokens, width), ``weights`` a tensor (tokens,).

    Special tokens have weight 0: they can be matched but do not count, as in bert-score.
    """

    vectors: Any
    weights: Any

    @property
    def is_empty(self) -> bool:
        """No token but the special ones."""
        return not bool(self.weights.any())

    @property
    def size(self) -> int:
        """Bytes."""
        return int(self.vectors.nelement() * 4 + self.weights.nelement() * 4)


class Encoder:
    """The first ``layer`` layers of an encoder in a local folder."""

    def __init__(self, folder: Path, layer: int, device: str) -> None:
        self.layer, self.device = layer, device
        self.digest = folder_digest(folder)
        self._tokenizer, self._model = _load(folder, layer, device)
        self._limit = _window_size(self._tokenizer, self._model.config)
        self._prefix, self._suffix = _special_tokens(self._tokenizer)
        self._limit -= len(self._prefix) + len(self._suffix)
        self._kept: OrderedDict[bytes, Embedding] = OrderedDict()
        self._kept_bytes = 0

    def embed_references(self, texts: Sequence[str]) -> list[Embedding]:
        """Like ``embed``; texts seen lately are not encoded again."""
        keys = [hashlib.sha256(t.encode("utf-8", "surrogatepass")).digest() for t in texts]
        found = {key: self._kept[key] for key in keys if key in self._kept}
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in found}
        for key, embedding in zip(missing, self.embed(list(missing.values())), strict=True):
            found[key] = embedding
            self._keep(key, embedding)
        return [found[key] for key in keys]

    def _keep(self, key: bytes, embedding: Embedding) -> None:
        self._kept[key] = embedding
        self._kept_bytes += embedding.size
        while self._kept_bytes > CACHE_BYTES:
            self._kept_bytes -= self._kept.popitem(last=False)[1].size

    def embed(self, texts: Sequence[str]) -> list[Embedding]:
        """Embed texts of any length: long ones window by window, all windows batched by length."""
        import torch

        parts = [self._window_ids(text) for text in texts]
        flat = [ids for windows_of_text in parts for ids in windows_of_text]
        vectors = iter(self._encode(flat))
        embeddings = []
        for windows_of_text in parts:
            rows = [next(vectors) for _ in windows_of_text]
            weights = [self._weights(ids) for ids in windows_of_text]
            embeddings.append(
                Embedding(
                    vectors=torch.cat(rows),
                    weights=torch.tensor(list(chain.from_iterable(weights))),
                )
            )
        return embeddings

    def _weights(self, ids: Sequence[int]) -> list[float]:
        ends = {self._tokenizer.cls_token_id, self._tokenizer.sep_token_id}
        return [0.0 if number in ends else 1.0 for number in ids]

    def _window_ids(self, text: str) -> list[list[int]]:
        """Token numbers of the windows of ``text``, special tokens around each."""
        clean = _SURROGATES.sub("\ufffd", text).strip()
        encoded = self._tokenizer(
            clean,
            add_special_tokens=False,
            return_offsets_mapping=self._tokenizer.is_fast,
            verbose=False,  # else it warns that the text is too long, which the windows see to
        )
        ids = encoded["input_ids"]
        offsets = encoded["offset_mapping"] if self._tokenizer.is_fast else [(0, 0)] * len(ids)
        return [
            [*self._prefix, *ids[start:end], *self._suffix]
            for start, end in windows(clean, offsets, self._limit)
        ]

    def _encode(self, windows_ids: list[list[int]]) -> list[Any]:
        """Last hidden states of each window without padding, in order."""
        import torch

        found: list[Any] = [None] * len(windows_ids)
        for batch in _batches([len(ids) for ids in windows_ids]):
            width = max(len(windows_ids[i]) for i in batch)
            ids = torch.full((len(batch), width), self._tokenizer.pad_token_id or 0)
            mask = torch.zeros((len(batch), width), dtype=torch.long)
            for row, i in enumerate(batch):
                ids[row, : len(windows_ids[i])] = torch.tensor(windows_ids[i])
                mask[row, : len(windows_ids[i])] = 1
            with torch.inference_mode():
                out = self._model(ids.to(self.device), attention_mask=mask.to(self.device))[0]
            out = out.float().cpu()
            for row, i in enumerate(batch):
                found[i] = out[row, : len(windows_ids[i])].clone()
        return found


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Positions in batches of like length, longest first, each at most ``BATCH_TOKENS`` wide."""
    batch: list[int] = []
    for position in sorted(range(len(lengths)), key=lambda i: (-lengths[i], i)):
        if batch and (len(batch) + 1) * lengths[batch[0]] > BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(position)
    if batch:
        yield batch


def folder_digest(folder: Path) -> str:
    """First 12 hex digits of the SHA-256 of names and contents of the folder's files."""
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.iterdir() if p.is_file() and p.suffix != ".md"):
        digest.update(path.name.encode() + b"\0")
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:12]


def _load(folder: Path, layer: int, device: str) -> tuple[Any, Any]:
    try:
        import transformers
        from bert_score.utils import get_model
    except ImportError as why:
        raise MissingDependency(
            "metric 'bertscore'", why.name or "bert-score", "bertscore"
        ) from why
    try:
        with _quiet_transformers():
            tokenizer = transformers.AutoTokenizer.from_pretrained(str(folder))
            config = transformers.AutoConfig.from_pretrained(str(folder))
            layers = int(getattr(config, "num_hidden_layers", layer))
            if not 1 <= layer <= layers:
                raise MetricUnavailable(
                    f"metric 'bertscore': encoder {folder} has layers 1 to {layers}, not {layer}"
                )
            model = get_model(str(folder), layer).float().to(device)
    except (OSError, ValueError, KeyError, RuntimeError) as why:
        raise MetricUnavailable(
            f"metric 'bertscore': folder {folder} cannot be loaded as an encoder: {why}"
        ) from why
    return tokenizer, model


@contextmanager
def _quiet_transformers() -> Iterator[None]:
    from transformers.utils import logging

    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()


def _window_size(tokenizer: Any, config: Any) -> int:
    """Tokens that the encoder can take at once, special tokens included; at most 512."""
    known = (tokenizer.model_max_length, getattr(config, "max_position_embeddings", None))
    return min([LONGEST_WINDOW, *(int(size) for size in known if size)])


def _special_tokens(tokenizer: Any) -> tuple[list[int], list[int]]:
    """Token numbers that the tokenizer puts before and after a text."""
    plain = tokenizer("a", add_special_tokens=False)["input_ids"]
    whole = tokenizer("a", add_special_tokens=True)["input_ids"]
    start = next(i for i in range(len(whole)) if list(whole[i : i + len(plain)]) == list(plain))
    return list(whole[:start]), list(whole[start + len(plain) :])
