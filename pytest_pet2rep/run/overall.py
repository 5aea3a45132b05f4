"""``overall``: the unweighted mean of six scores under one convention (benchmark of PET2Rep)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence

from pytest_pet2rep.metrics.basis import Basis
from pytest_pet2rep.types import Level, Score

OVERALL_PARTS = ("bleu4", "meteor", "rouge_l", "ce_precision", "ce_recall", "ce_f1")


def overall(scores: Sequence[Score], basis: Basis) -> Score:
    """Return the mean of the six parts, unscored if one is missing, unscored or of another kind.

    A part counts only if it scores the section, language and cleaning of ``basis``, and BLEU only
    over the corpus without smoothing: the ``bleu4`` of the set ``petrg`` is another number.  The
    signature names the tokenizer and holds a digest of the signatures of all parts.
    """
    by_name = {score.name: score for score in scores}
    fitting = {name: s for name, s in by_name.items() if _fits(s, basis)}
    parts = [fitting[name] for name in OVERALL_PARTS if name in fitting]
    values = [part.value for part in parts if part.value is not None]
    whole = len(values) == len(OVERALL_PARTS)
    return Score(
        name="overall",
        value=sum(values) / len(values) if whole else None,
        signature=_signature(parts, basis),
        n=min((part.n for part in parts), default=0),
        level=Level.CORPUS,
        reason="" if whole else f"needs {', '.join(_missing(by_name, fitting))}",
    )


def _missing(by_name: Mapping[str, Score], fitting: Mapping[str, Score]) -> Iterable[str]:
    for name in OVERALL_PARTS:
        if name in by_name and name not in fitting:
            yield f"{name} of set pet2rep"
        elif name not in fitting or fitting[name].value is None:
            yield name


def _fits(score: Score, basis: Basis) -> bool:
    stated = _settings(score.signature)
    common = {"section": basis.section, "language": basis.language} | _settings(basis.cleaning)
    if score.name == "bleu4":
        common |= {"smooth": "none", "level": "corpus"}
    return score.name in OVERALL_PARTS and common.items() <= stated.items()


def _settings(signature: str) -> dict[str, str]:
    pairs = (part.partition(":") for part in signature.split("|"))
    return {key: value for key, _, value in pairs}


def _signature(parts: Sequence[Score], basis: Basis) -> str:
    cut = sorted({tok for part in parts if (tok := _settings(part.signature).get("tok"))})
    digest = hashlib.sha256("\n".join(part.signature for part in parts).encode()).hexdigest()[:8]
    return (
        f"overall|mean_of:{'+'.join(OVERALL_PARTS)}|tok:{'+'.join(cut)}"
        f"|{basis.signature()}|parts:{digest}"
    )
