"""Reports per second of the uptake extractor on one core, and its growth with the text.

Run ``python benchmarks/extraction.py [FILE ...]``; a FILE is JSON lines with ``text`` or plain
text.  Without files, a synthetic report of about 1,300 characters is read in both languages.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from pytest_pet2rep.findings.reader import EXTRACTOR, read_afresh

CHARACTERS = 1300
"""Length of the report that the figure is normalised to."""

ZH = (
    "右肺上叶尖段见不规则软组织结节影，大小约2.1cm×1.8cm，边缘见毛刺，FDG摄取增高，SUVmax 8.4"
    "；余双肺未见异常密度影及异常放射性浓聚。纵隔及右肺门见多发肿大淋巴结，FDG代谢增高，最大"
    "者SUVmax 6.1。肝脏形态、大小未见异常，肝右叶见囊状低密度影，FDG摄取缺失，余肝实质摄取均"
    "匀。胆囊、胰腺、脾脏形态及摄取未见异常。双侧肾上腺未见增粗，代谢未见增高。胃肠道见条状生"
    "理性摄取。全身骨骼未见异常浓聚，L3椎体除外，该处SUVmax 7.1。"
)
EN = (
    "There is a 2.1 cm spiculated nodule in the right upper lobe with intense FDG uptake, "
    "SUVmax 8.4. No other hypermetabolic pulmonary nodules. Hypermetabolic right hilar and "
    "subcarinal lymph nodes, SUVmax 6.1. The liver shows a photopenic cyst; the remaining "
    "liver is homogeneous. Gallbladder, pancreas and spleen are unremarkable without abnormal"
    " uptake. The adrenal glands are not hypermetabolic. Physiologic uptake in the stomach "
    "and bowel. No suspicious osseous uptake apart from L3, SUVmax 7.1. "
)


def seconds(texts: list[str], repeats: int = 20) -> float:
    """Shortest processor time of reading all ``texts`` once, the least disturbed of the repeats."""
    spent = []
    for _ in range(repeats):
        start = time.process_time()
        for text in texts:
            read_afresh(text)
        spent.append(time.process_time() - start)
    return min(spent)


def of_length(text: str, length: int) -> str:
    return (text * (length // len(text) + 1))[:length]


def texts_of(path: Path) -> list[str]:
    content = path.read_text(encoding="utf-8")
    if path.suffix != ".jsonl":
        return [content]
    return [str(json.loads(line)["text"]) for line in content.splitlines() if line.strip()]


def main(arguments: list[str]) -> None:
    print(f"extractor {EXTRACTOR}")
    sets = {name: texts_of(Path(name)) for name in arguments} or {
        "synthetic zh": [of_length(ZH, CHARACTERS)] * 10,
        "synthetic en": [of_length(EN, CHARACTERS)] * 10,
    }
    read_afresh(ZH + EN)
    for name, texts in sets.items():
        rate = sum(map(len, texts)) / CHARACTERS / seconds(texts)
        print(f"{name}: {rate:.0f} reports of {CHARACTERS} characters per second")
    for size in (10_000, 100_000, 1_000_000):
        print(f"{size} characters: {seconds([of_length(ZH, size)], repeats=1):.2f} s")


if __name__ == "__main__":
    main(sys.argv[1:])
