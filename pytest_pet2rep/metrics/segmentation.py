"""Segmentation by jieba and sacrebleu: fast, quiet, bounded in memory, and unchanged in result."""

from __future__ import annotations

import hashlib
import logging
import os
import re
import warnings
from collections.abc import Callable
from functools import cache, lru_cache
from io import BytesIO
from itertools import chain
from pathlib import Path
from sys import intern
from typing import Any

from pytest_pet2rep.cachefolder import cache_folder
from pytest_pet2rep.errors import MissingDependency, StoreError

MEMO_SIZE = 1 << 15
"""Remembered pieces; at some 500 bytes each the memo stays below 20 MiB."""

LONGEST_REMEMBERED = 256
"""Characters; longer pieces are no sentences, and rarely come again."""

_PIECE = re.compile(r"[^。\n]*[。\n]?")
"""Up to the next full stop or line end.

jieba cuts every text first at characters outside its word class (Han, ASCII letters, digits and
``+ # & . _ % -``), and segments between two such cuts independently; 。 and the line end are such
cuts, so segmenting piece by piece is segmenting the whole.
"""


LONGEST_BLOCK = 2000
"""Characters that jieba's HMM sees at once: its time grows with the square of an unbroken block.

No report has such a block; in a text that has, words are also cut at every 2000th character of it.
"""
_BLOCK = re.compile(r"[\u4e00-\u9fd5a-zA-Z0-9+#&._%-]+|[^\u4e00-\u9fd5a-zA-Z0-9+#&._%-]+")


def _bounded(piece: str) -> list[str]:
    """Cut ``piece`` where jieba would anyway, and blocks that are too long wherever it must be."""
    return [
        block[start : start + LONGEST_BLOCK]
        for block in _BLOCK.findall(piece)
        for start in range(0, len(block), LONGEST_BLOCK)
    ]


class JiebaSegmenter:
    """jieba's accurate mode with its HMM, blank tokens dropped, repeated sentences remembered."""

    def __init__(self, user_dictionary: bytes) -> None:
        self._tokenizer, self.dictionary_digest = _load_jieba(user_dictionary)
        self._remembered = lru_cache(maxsize=MEMO_SIZE)(self._cut_piece)

    def cut(self, text: str) -> list[str]:
        """Tokens of ``text``, equal to those of ``jieba.lcut`` that are not blank."""
        return list(chain.from_iterable(map(self._words, _PIECE.findall(text))))

    def _words(self, piece: str) -> tuple[str, ...]:
        known = len(piece) <= LONGEST_REMEMBERED
        return self._remembered(piece) if known else self._cut_piece(piece)

    def _cut_piece(self, piece: str) -> tuple[str, ...]:
        parts = [piece] if len(piece) <= LONGEST_BLOCK else _bounded(piece)
        tokens = chain.from_iterable(map(self._tokenizer.cut, parts))
        return tuple(intern(token) for token in tokens if not token.isspace())


@cache
def jieba_segmenter(user_dictionary: bytes = b"") -> JiebaSegmenter:
    """Make the process's segmenter for one content of a user dictionary (or none).

    Raises ``ValueError`` if the content is not in jieba's format.
    """
    return JiebaSegmenter(user_dictionary)


def _load_jieba(user_dictionary: bytes) -> tuple[Any, str]:
    """Load a private jieba tokenizer and the first 8 hex digits of its dictionary's SHA-256.

    Private, so that words that other code adds to the global jieba change no score.
    """
    with warnings.catch_warnings():
        # jieba 0.42.1 has invalid escapes and asks for pkg_resources: warnings at import only.
        warnings.simplefilter("ignore")
        try:
            import jieba
        except ImportError as why:
            raise MissingDependency("the tokenizer jieba", "jieba", "all") from why
        level = jieba.default_logger.level
        jieba.setLogLevel(logging.CRITICAL)
        try:
            tokenizer = jieba.Tokenizer()
            with tokenizer.get_dict_file() as file:
                digest = hashlib.sha256(file.read()).hexdigest()[:8]
            tokenizer.tmp_dir = str(_jieba_cache_folder())
            tokenizer.cache_file = f"dictionary-{digest}.cache"
            tokenizer.initialize()
            if user_dictionary:
                tokenizer.load_userdict(BytesIO(user_dictionary))
        finally:
            jieba.setLogLevel(level)
    return tokenizer, digest


def _jieba_cache_folder() -> Path:
    """Folder for jieba's dictionary cache: ours; jieba writes it by atomic rename.

    Where none can be made, a place that cannot be written either: jieba then builds its
    dictionary anew in each process, instead of leaving a file in the shared temporary folder.
    """
    try:
        return cache_folder("jieba")
    except StoreError:
        return Path(os.devnull)


def sacrebleu_cut(name: str) -> Callable[[str], list[str]]:
    """Make the cut of sacrebleu's tokenizer ``zh``, ``13a`` or ``intl``.

    sacrebleu keeps up to 65,536 whole texts in a cache of its own; it is emptied now and then,
    so that a long stream of reports needs constant memory.
    """
    from sacrebleu.tokenizers.tokenizer_13a import Tokenizer13a
    from sacrebleu.tokenizers.tokenizer_intl import TokenizerV14International
    from sacrebleu.tokenizers.tokenizer_re import TokenizerRegexp
    from sacrebleu.tokenizers.tokenizer_zh import TokenizerZh

    kind = {"zh": TokenizerZh, "13a": Tokenizer13a, "intl": TokenizerV14International}[name]
    tokenizer = kind()
    caches = [kind.__call__, TokenizerRegexp.__call__]

    def cut(text: str) -> list[str]:
        if caches[0].cache_info().currsize >= 256:
            for each in caches:
                each.cache_clear()
        tokens: list[str] = tokenizer(text.rstrip()).split()
        return tokens

    return cut
