"""From metric names to metrics, before any generation: a name that cannot run is an error here.

Grammar of a name: ``[petrg.]NAME[:TOKENIZER]``, e.g. ``bleu4``, ``bleu4:char``, ``petrg.meteor``.
BLEU names take a level and a smoothing: ``bleu4_corpus``, ``bleu4_mean``, ``bleu4_mean+add1``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import metadata
from itertools import product
from pathlib import Path
from types import MappingProxyType

from pytest_pet2rep.errors import MetricUnavailable, UnknownName
from pytest_pet2rep.metrics.text import Convention, Sees, TextMetric
from pytest_pet2rep.metrics.tokenizers import (
    DEFAULT_TOKENIZER,
    Tokenizer,
    get_tokenizer,
    known_tokenizers,
)
from pytest_pet2rep.types import Language, Level, Section

ENTRY_POINTS = "pytest_pet2rep.metrics"


@dataclass(frozen=True, kw_only=True, slots=True)
class MetricOptions:
    """Settings that some metrics take."""

    user_dictionary: Path | None = None
    """jieba dictionary file that is added to jieba's own."""
    bertscore_model: str = ""
    """Folder of the encoder, or a hub id (then ``bertscore_revision`` is required)."""
    bertscore_layer: int | None = None
    """Layer whose output is compared, 1 for the first."""
    bertscore_revision: str = ""
    bertscore_device: str = "cpu"


@dataclass(frozen=True, kw_only=True, slots=True)
class MetricRequest:
    """What a metric factory gets; factories of other packages too."""

    name: str
    """Name under which the score is kept."""
    tokenizer: str
    """Tokenizer asked for with ``NAME:TOKENIZER``, else that of the language."""
    convention: Convention
    options: MetricOptions

    def cut(self) -> Tokenizer:
        """Make the tokenizer; the user dictionary is jieba's alone."""
        own = self.options.user_dictionary if self.tokenizer == "jieba" else None
        return get_tokenizer(self.tokenizer, user_dictionary=own)


Factory = Callable[[MetricRequest], TextMetric]


def _bleu(order: int, level: Level, smoothing: str) -> Factory:
    def make(request: MetricRequest) -> TextMetric:
        from pytest_pet2rep.metrics.bleu import Bleu, Smoothing

        return Bleu(
            name=request.name,
            convention=request.convention,
            tokenizer=request.cut(),
            order=order,
            level=level,
            smoothing=Smoothing(smoothing),
        )

    return make


def _meteor(request: MetricRequest) -> TextMetric:
    from pytest_pet2rep.metrics.meteor import Meteor

    return Meteor(name=request.name, convention=request.convention, tokenizer=request.cut())


def _meteor_compat(request: MetricRequest) -> TextMetric:
    from pytest_pet2rep.metrics.meteor import Meteor

    clauses = get_tokenizer("clause")
    return Meteor(name=request.name, convention=request.convention, tokenizer=clauses, compat=True)


def _rouge_n(order: int) -> Factory:
    def make(request: MetricRequest) -> TextMetric:
        from pytest_pet2rep.metrics.rouge import RougeN

        return RougeN(
            name=request.name,
            convention=request.convention,
            tokenizer=request.cut(),
            order=order,
        )

    return make


def _rouge_l(request: MetricRequest) -> TextMetric:
    from pytest_pet2rep.metrics.rouge import RougeL

    return RougeL(name=request.name, convention=request.convention, tokenizer=request.cut())


def _rouge_lsum(request: MetricRequest) -> TextMetric:
    from pytest_pet2rep.metrics.rouge import RougeLsum

    return RougeLsum(name=request.name, convention=request.convention, tokenizer=request.cut())


def _cider(request: MetricRequest) -> TextMetric:
    from pytest_pet2rep.metrics.cider import Cider

    return Cider(name=request.name, convention=request.convention, tokenizer=request.cut())


def _chrf(request: MetricRequest) -> TextMetric:
    from pytest_pet2rep.metrics.chrf import Chrf

    return Chrf(name=request.name, convention=request.convention)


def _bertscore(request: MetricRequest) -> TextMetric:
    from pytest_pet2rep.metrics.bertscore import load_bertscore

    options = request.options
    return load_bertscore(
        name=request.name,
        convention=request.convention,
        model=options.bertscore_model,
        layer=options.bertscore_layer,
        revision=options.bertscore_revision,
        device=options.bertscore_device,
    )


def _bleu_names() -> Iterator[tuple[str, Factory]]:
    levels = {"": Level.CORPUS, "_corpus": Level.CORPUS, "_mean": Level.MEAN_OF_CASES}
    smoothings = {"": "none", "+none": "none", "+add1": "add1", "+exp": "exp"}
    for order, level, smoothing in product(range(1, 5), levels, smoothings):
        name = f"bleu{order}{level}{smoothing}"
        yield name, _bleu(order, levels[level], smoothings[smoothing])


WITHOUT_TOKENIZER = frozenset({"chrf", "bertscore", "meteor_compat"})
_FACTORIES: Mapping[str, Factory] = MappingProxyType(
    {
        **dict(_bleu_names()),
        "meteor": _meteor,
        "meteor_compat": _meteor_compat,
        "rouge_1": _rouge_n(1),
        "rouge_2": _rouge_n(2),
        "rouge_l": _rouge_l,
        "rouge_lsum": _rouge_lsum,
        "cider": _cider,
        "chrf": _chrf,
        "bertscore": _bertscore,
    }
)

_PETRG: Mapping[str, str] = MappingProxyType(
    {
        **{f"bleu{order}": f"bleu{order}_mean+add1" for order in range(1, 5)},
        **{f"bleu{order}_corpus": f"bleu{order}_corpus+add1" for order in range(1, 5)},
        **{name: name for name in ("meteor", "rouge_1", "rouge_2", "rouge_l", "cider")},
    }
)
"""Name in the set ``petrg`` -> the metric that it means there, on whole texts cut by jieba."""

_PET2REP = ("bleu1", "bleu2", "bleu3", "bleu4", "meteor", "rouge_l")
SETS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "pet2rep": _PET2REP,
        "petrg": tuple(f"petrg.{name}" for name in _PETRG),
        "full": (*_PET2REP, "rouge_1", "rouge_2", "rouge_lsum", "cider", "chrf"),
    }
)
"""The text part of each set; ``full`` has ``bertscore`` too where an encoder is configured."""


def text_metric_names() -> tuple[str, ...]:
    """All names and sets that ``resolve_metrics`` takes, without tokenizers, sorted."""
    return tuple(sorted({*_FACTORIES, *SETS, *SETS["petrg"], *_installed()}))


def resolve_metrics(
    names: Sequence[str],
    *,
    language: Language,
    section: Section,
    cleaning: str = "clean:none",
    options: MetricOptions = MetricOptions(),
    other_names: Collection[str] = (),
) -> tuple[TextMetric, ...]:
    """Make the text metrics called ``names`` (names or sets), each once, in their order.

    In the set ``petrg`` alone ``bleu4`` is PETRG's; beside another metric of the same name in one
    request all of PETRG's keep their prefix (``petrg.bleu4``).  ``cleaning`` is the version of the
    cleaning step that generated texts go through before they are scored.
    ``other_names`` are known elsewhere (``ce_f1``, ``overall``) and skipped here.

    Raises ``UnknownName``, ``MetricUnavailable`` or ``MissingDependency``.
    """
    wanted = [name for name in _expand(names, options) if name not in other_names]
    clash = any(n.removeprefix("petrg.") in wanted for n in wanted if n.startswith("petrg."))
    convention = Convention(language=language, section=section, cleaning=cleaning)
    metrics: dict[str, TextMetric] = {}
    for name in wanted:
        shown = name if clash else name.removeprefix("petrg.")
        if shown not in metrics:
            metrics[shown] = _make(name, shown, convention, options, other_names)
    return tuple(metrics.values())


def _expand(names: Sequence[str], options: MetricOptions) -> Iterator[str]:
    for name in names:
        yield from SETS.get(name, (name,))
        if name == "full" and options.bertscore_model:
            yield "bertscore"


def _make(
    name: str,
    shown: str,
    convention: Convention,
    options: MetricOptions,
    other_names: Collection[str],
) -> TextMetric:
    base, colon, tokenizer = name.partition(":")
    usual = DEFAULT_TOKENIZER[convention.language]
    if base.startswith("petrg."):
        base = _PETRG.get(base.removeprefix("petrg."), base)
        convention, usual = replace(convention, sees=Sees.WHOLE), "jieba"
    factory = _FACTORIES.get(base) or _third_party(base)
    if factory is None:
        raise UnknownName("metric", name, {*text_metric_names(), *other_names})
    if colon and tokenizer not in known_tokenizers():
        raise UnknownName("tokenizer", tokenizer, known_tokenizers(), f"(in metric {name!r})")
    if colon and base in WITHOUT_TOKENIZER:
        raise MetricUnavailable(f"metric {base!r} has no tokenizer to choose: write {base!r} alone")
    return factory(
        MetricRequest(
            name=shown,
            tokenizer=tokenizer or usual,
            convention=convention,
            options=options,
        )
    )


@cache
def _installed() -> Mapping[str, metadata.EntryPoint]:
    """Metrics of other packages, by entry point; the first of a name in sorted order counts."""
    found = sorted(metadata.entry_points(group=ENTRY_POINTS), key=lambda e: (e.name, e.value))
    return MappingProxyType({entry.name: entry for entry in reversed(found)})


def _third_party(name: str) -> Factory | None:
    entry = _installed().get(name)
    if entry is None:
        return None
    try:
        loaded = entry.load()
    except ImportError as why:
        raise MetricUnavailable(
            f"metric {name!r} ({entry.value}) cannot be imported: {why}"
        ) from why

    def make(request: MetricRequest) -> TextMetric:
        metric = loaded(request)
        if not isinstance(metric, TextMetric):
            raise MetricUnavailable(
                f"metric {name!r} ({entry.value}) made a {type(metric).__name__}, "
                f"which lacks parts of TextMetric"
            )
        return metric

    return make
