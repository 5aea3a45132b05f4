"""Text metrics against the libraries people use: time ratios in one run, equality, memory.

    python benchmarks/text_metrics.py [--real PAIRS.jsonl] [--stream 50000] [--bertscore DIR LAYER]

Peers that are no dependency of the project (rouge-score-rs) are installed into a temporary folder.
BLEU-1..4, METEOR and ROUGE-L of 565 pairs of about 1,250 characters; process time, one thread.
The exit status is 1 if values differ or a goal is missed.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

PEERS = ("rouge-score-rs",)
PAIRS, SLOW_PAIRS, TOLERANCE = 565, 8, 1e-9
NAMES = ("bleu1_mean", "bleu2_mean", "bleu3_mean", "bleu4_mean", "meteor", "rouge_l")
WEIGHTS = [(1.0,), (0.5, 0.5), (1 / 3,) * 3, (0.25,) * 4]
Pair = tuple[str, str]
Case = list[float]

PHRASES = {
    "region": "额叶 颞叶 鼻咽 双侧腮腺 甲状腺 右肺上叶 左肺下叶 纵隔淋巴结 食管 肝右叶 胆囊 "
    "胰腺 脾脏 双肾 肾上腺 胃壁 结肠 膀胱 前列腺 腹膜后淋巴结 腰椎 骨盆 股骨 扁桃体 心肌",
    "shape": "形态大小正常 见结节影 体积增大 密度均匀 壁稍增厚 见类圆形低密度影 轮廓光整 显影清晰",
    "uptake": "FDG摄取未见异常 FDG代谢增高 放射性分布均匀 放射性摄取轻度增高 呈生理性摄取 "
    "放射性缺损 FDG摄取减低",
    "ending": " ，建议随访 ，边界清楚 ，较大者约{a}cm×{b}cm ，SUVmax约{a} ，SUVmax为{b}",
}


def composed_pairs(seed: int = 0) -> Iterator[Pair]:
    """Endless composed pairs; about half of the sentences of a prediction are its reference's."""
    dice = random.Random(seed)
    while True:
        reference = [_sentence(dice) for _ in range(46)]
        prediction = [line if dice.random() < 0.5 else _sentence(dice) for line in reference]
        yield "".join(reference), "".join(prediction)


def _sentence(dice: random.Random) -> str:
    region, shape, uptake, ending = (dice.choice(text.split(" ")) for text in PHRASES.values())
    size = {"a": f"{dice.uniform(0.5, 9):.1f}", "b": f"{dice.uniform(0.5, 30):.1f}"}
    stop = "。\n" if dice.random() < 0.2 else "。"
    return f"{region}{shape}，{uptake}{ending.format(**size)}{stop}"


def real_pairs(path: Path) -> Iterator[Pair]:
    """Pairs of a file over and over, sentences shuffled so that no report repeats whole."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    dice = random.Random(0)
    while True:
        for row in rows:
            yield tuple(_shuffled(row[key], dice) for key in ("reference", "prediction"))  # type: ignore[misc]


def _shuffled(text: str, dice: random.Random) -> str:
    sentences = [part + "。" for part in text.split("。") if part]
    dice.shuffle(sentences)
    return "".join(sentences)


def timed(work: Callable[[], list[Case]]) -> tuple[float, list[Case]]:
    start = time.process_time()
    values = work()
    return time.process_time() - start, values


class Cut:
    """Tokens that were cut before, as rouge-score wants its tokenizer."""

    def __init__(self, cut: Callable[[str], list[str]]) -> None:
        self.tokenize = cut


class EmptyWordNet:
    def synsets(self, word: str) -> list[Any]:
        return []


def nltk_and_rouge(
    pairs: list[Pair], cut: Callable[[str], list[str]], rouge: Any, *, one_call: bool
) -> list[Case]:
    """BLEU-1..4 and METEOR by nltk, ROUGE-L by a scorer class; every text is cut once."""
    from nltk.translate.bleu_score import sentence_bleu
    from nltk.translate.meteor_score import meteor_score

    kept: dict[str, list[str]] = {}
    scorer = rouge(["rougeL"], tokenizer=Cut(kept.__getitem__))
    cases = []
    for reference, prediction in pairs:
        kept.clear()
        kept.update({reference: cut(reference), prediction: cut(prediction)})
        wanted, given = kept[reference], kept[prediction]
        if one_call:
            bleu = [float(value) for value in sentence_bleu([wanted], given, weights=WEIGHTS)]
        else:
            bleu = [float(sentence_bleu([wanted], given, weights=w)) for w in WEIGHTS]
        meteor = meteor_score([wanted], given, wordnet=EmptyWordNet())
        cases.append([*bleu, meteor, scorer.score(reference, prediction)["rougeL"].fmeasure])
    return cases


def ours(pairs: list[Pair], tokenizer: str) -> list[Case]:
    from pytest_pet2rep.metrics.registry import resolve_metrics
    from pytest_pet2rep.metrics.text import score_pair
    from pytest_pet2rep.types import Language, Section

    names = [f"{name}:{tokenizer}" for name in NAMES]
    metrics = resolve_metrics(names, language=Language.ZH, section=Section.FINDINGS)
    rows = [score_pair(metrics, *pair) for pair in pairs]
    return [[row[name][0] for name in names] for row in rows]


def plain_cut(tokenizer: str) -> Callable[[str], list[str]]:
    """Cut as somebody would who does not know this project."""
    if tokenizer == "jieba":
        import jieba

        return lambda text: [word for word in jieba.lcut(text) if word.strip()]
    return lambda text: [character for character in text if not character.isspace()]


def largest_difference(one: list[Case], other: list[Case]) -> float:
    return max(
        abs(a - b) for x, y in zip(one, other, strict=False) for a, b in zip(x, y, strict=True)
    )


def compare(
    pairs: list[Pair], tokenizer: str, name: str, usual_goal: float, best_goal: float
) -> bool:
    from rouge_score.rouge_scorer import RougeScorer as Usual
    from rouge_score_rs import RougeScorer as Best

    cut = plain_cut(tokenizer)
    cut("肝脏FDG代谢增高")
    ours(pairs[:2], name)
    seconds, values = min(timed(lambda: ours(pairs, name)) for _ in range(3))
    few = pairs[:SLOW_PAIRS]
    usual, usual_values = timed(lambda: nltk_and_rouge(few, cut, Usual, one_call=False))
    usual *= len(pairs) / len(few)
    best, best_values = timed(lambda: nltk_and_rouge(pairs, cut, Best, one_call=True))
    gap = max(largest_difference(values, usual_values), largest_difference(values, best_values))
    print(
        f"{tokenizer:>10}: ours {seconds:6.2f} s | usual stack {usual:7.1f} s (from {len(few)} "
        f"pairs), ratio 1/{usual / seconds:.0f} (goal 1/{1 / usual_goal:.0f}) | best stack "
        f"{best:5.2f} s, ratio {seconds / best:.3f} (goal {best_goal}) | difference {gap:.0e}"
    )
    return gap <= TOLERANCE and seconds <= usual_goal * usual and seconds <= best_goal * best


def own_process(*arguments: str) -> str:
    command = [sys.executable, __file__, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def peak_of_scoring() -> None:
    """Print the peak memory in MiB of a process that scores 565 pairs with the set ``full``."""
    stream(PAIRS, "full", every=PAIRS)
    status = Path("/proc/self/status").read_text()
    # Not ru_maxrss, which a child process inherits from its parent.
    print(int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024)  # type: ignore[index]


def stream(count: int, name: str, every: int) -> list[tuple[int, float]]:
    """Score a stream; resident MiB after each ``every`` pairs."""
    from pytest_pet2rep.metrics.registry import resolve_metrics
    from pytest_pet2rep.metrics.text import ScoreAccumulator, fit_metrics, score_pair
    from pytest_pet2rep.types import Language, Section

    metrics = resolve_metrics([name], language=Language.ZH, section=Section.FINDINGS)
    metrics = fit_metrics(metrics, (reference for reference, _ in islice(composed_pairs(), count)))
    accumulator = ScoreAccumulator(metrics)
    points = []
    for number, pair in enumerate(islice(composed_pairs(), count), start=1):
        accumulator.add(score_pair(metrics, *pair))
        if number % every == 0:
            accumulator.scores()
            points.append((number, resident_mib()))
    return points


def resident_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def print_slope(count: int) -> None:
    """Print memory along a stream and the slope over its second half, in bytes per pair."""
    points = stream(count, "pet2rep", every=max(1, count // 10))
    half = points[len(points) // 2 :]
    slope = (half[-1][1] - half[0][1]) * 2**20 / (half[-1][0] - half[0][0])
    trace = " ".join(f"{number}:{mib:.0f}" for number, mib in points)
    print(f"MiB after n pairs {trace} | slope of the second half {slope:.0f} bytes per pair")


def install_peers(folder: str) -> None:
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "install",
            "-q",
            "--no-deps",
            "--target",
            folder,
            "rouge-score-rs",
        ],
        check=True,
        stderr=subprocess.DEVNULL,
    )
    sys.path.insert(0, folder)


def bertscore(folder: str, layer: int, pairs: list[Pair]) -> None:
    """Time against bert-score on reports that it does not truncate, also with known references."""
    import torch
    from bert_score import BERTScorer

    from pytest_pet2rep.metrics.bertscore import load_bertscore
    from pytest_pet2rep.metrics.text import Convention
    from pytest_pet2rep.types import Language, Section

    torch.set_num_threads(1)
    theirs = BERTScorer(
        model_type=folder, num_layers=layer, device="cpu", rescale_with_baseline=False
    )
    # Weights stored in half precision are compared in single precision on both sides.
    theirs._model.float()
    convention = Convention(language=Language.ZH, section=Section.FINDINGS)
    metric = load_bertscore(name="bertscore", convention=convention, model=folder, layer=layer)
    short = [(reference[-400:], prediction[-300:]) for reference, prediction in pairs]
    references, predictions = [r for r, _ in short], [p for _, p in short]
    usual, expected = timed(lambda: [[float(f)] for f in theirs.score(predictions, references)[2]])
    fresh, values = timed(lambda: metric.batch_statistics(short))
    cached, again = timed(lambda: metric.batch_statistics(short))
    gap = max(largest_difference(values, expected), largest_difference(again, expected))
    print(
        f" bertscore: {len(short)} pairs, bert-score {usual:.1f} s, ours {fresh:.1f} s (ratio "
        f"{fresh / usual:.2f}), with known references {cached:.1f} s (ratio {cached / usual:.2f}, "
        f"goal 0.6) | largest difference {gap:.1e} (goal 1e-5)"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--real", type=Path, help="JSON lines with reference and prediction")
    parser.add_argument("--stream", type=int, default=50_000, help="pairs of the memory stream")
    parser.add_argument("--bertscore", nargs=2, metavar=("DIR", "LAYER"))
    parser.add_argument("--only", choices=["peak", "slope"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only == "peak":
        peak_of_scoring()
        return 0
    if options.only == "slope":
        print_slope(options.stream)
        return 0
    warnings.simplefilter("ignore")
    source = real_pairs(options.real) if options.real else composed_pairs()
    pairs = list(islice(source, PAIRS))
    size = sum(len(a) + len(b) for a, b in pairs) / 2 / len(pairs)
    print(
        f"{len(pairs)} pairs, {size:.0f} characters each, {'real' if options.real else 'composed'}"
    )
    with tempfile.TemporaryDirectory() as folder:
        install_peers(folder)
        good = compare(pairs, "characters", "codepoint", 1 / 125, 1 / 4)
        good &= compare(pairs, "jieba", "jieba", 1 / 50, 0.35)
    peak = float(own_process("--only", "peak"))
    print(f"    memory: peak of scoring {PAIRS} pairs, set full: {peak:.0f} MiB (goal 300)")
    print(f"    stream: {own_process('--only', 'slope', '--stream', str(options.stream))}")
    if options.bertscore:
        bertscore(options.bertscore[0], int(options.bertscore[1]), pairs[:24])
    return 0 if good and peak < 300 else 1


if __name__ == "__main__":
    sys.exit(main())
