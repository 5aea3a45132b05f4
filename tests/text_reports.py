"""Composed pairs of reports (reference, prediction), and what libraries need to score them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pytest_pet2rep.metrics.tokenizers import Tokenizer
from pytest_pet2rep.types import Language

_ZH_REFERENCE = """影像所见：
脑内FDG摄取分布均匀，未见异常浓聚灶。
右肺上叶见结节影，大小约1.8cm×1.5cm，FDG代谢增高，SUVmax约9.6。
肝脏大小正常，摄取未见异常。
影像诊断：
右肺上叶结节代谢增高，考虑恶性。"""
_ZH_PREDICTION = """影像所见：
脑内FDG摄取分布均匀，未见异常浓聚灶。
右肺下叶见小结节影，FDG代谢轻度增高，SUVmax约2.1。
肝脏体积缩小，摄取未见异常。
影像诊断：
右肺下叶结节，建议随访。"""
_EN_REFERENCE = """Findings:
The brain shows physiological uptake.
A 1.8-cm nodule in the right upper lobe is intensely FDG-avid (SUVmax 9.6).
The liver is normal.
Impression:
Avid nodules, suspicious of malignancy."""
_EN_PREDICTION = """Findings:
The brain showed physiologic uptake.
Nodules in the right lower lobe are mildly avid, SUVmax 2.1.
Normal livers.
Impression:
Follow-up of the nodule is recommended."""

ZH = [
    (_ZH_REFERENCE, _ZH_PREDICTION),
    (
        "双肾显影清晰，左肾上极囊肿，放射性缺损。膀胱充盈良好，呈生理性放射性浓聚。",
        "双肾显影清晰。膀胱充盈良好，呈生理性放射性浓聚，左肾未见异常。双肾显影清晰。",
    ),
    ("全身骨骼未见异常FDG代谢增高灶。", "腰椎体FDG代谢弥漫性增高，脾脏增大。"),
]
EN = [
    (_EN_REFERENCE, _EN_PREDICTION),
    (
        "Both kidneys are visualised; the left upper pole cyst is photopenic.",
        "The kidneys are well visualised & the bladder's filling is physiological; no cysts.",
    ),
    ("No abnormal skeletal uptake.", "Diffusely increased vertebral uptake with splenomegaly."),
]
REPORTS = {Language.ZH: ZH, Language.EN: EN}


class EmptyWordNet:
    """A WordNet without words for nltk's METEOR."""

    def synsets(self, word: str) -> list[Any]:
        return []


class Cut:
    """A tokenizer as rouge-score wants it."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.tokenize: Callable[[str], list[str]] = tokenizer
