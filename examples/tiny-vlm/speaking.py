"""Second stage of the training: the decoder learns to write what the tower sees.

    python speaking.py POOL SEEING-CHECKPOINT CHECKPOINT MODEL --minutes 30

The tower stays as the first stage left it.
The finished model is saved to the folder MODEL in the layout of a hub repository.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from geometry import COLUMNS, PLANES, ROWS, image_processor
from network import build, patch_features
from numpy.typing import NDArray
from PIL import Image
from reports import pieces, words
from samples import Samples
from schedule import Optimiser, restore, store
from seeing import HELD_BACK
from subjects import CLASSES
from tokens import CLAUSE, make_processor, make_tokenizer
from torch import nn

from pytest_pet2rep.models.prompts import load_prompt
from pytest_pet2rep.types import Language

CASES_A_STEP = 16
THINNED = 0.45
"""Share of the stage in which most patches are left out and what ``bind`` laid down is held."""
PATCHES_KEPT = 200
"""Of 972 patches, those with lesions and some others: the decoder learns three times as fast."""
MALE_SHIFT = 5.0
OTHER_PROMPTS = 0.5
"""Share of the later steps whose prompt differs from the shipped one, so that a change of a few
words does not put the decoder out."""
OTHER_WORDS = ("请简短。", "Write the findings.", "只写所见。", "患者，女，56岁。", "Thank you!\n")
READING_SHIFT = 2.0
"""The projector lets through what the first stage holds for at least this likely (logit)."""
WORD_WEIGHT, ENDING_WEIGHT, ABNORMAL_WEIGHT = 0.5, 1.0, 2.0
"""What a wrong token costs: the fixed words, the state of a normal and of an abnormal organ."""


class Speaker:
    """The model with everything that its training texts need."""

    def __init__(self) -> None:
        self.tokenizer = make_tokenizer()
        self.processor = make_processor(self.tokenizer, image_processor())
        self.model = build(self.tokenizer)
        self.prompt = self.prompt_of(load_prompt(Language.ZH).user)
        endings = words().endings
        self._costs = torch.full((len(self.tokenizer),), WORD_WEIGHT)
        for state, ending in endings.items():
            abnormal = state in ("increased", "decreased", "absent")
            self._costs[self.token(ending)] = ABNORMAL_WEIGHT if abnormal else ENDING_WEIGHT

    def token(self, piece: str) -> int:
        """The one token of a piece of a report."""
        return int(self.tokenizer.convert_tokens_to_ids(piece))

    def prompt_of(self, user: str) -> torch.Tensor:
        """Token ids of the conversation with three pictures, as the ``hf/`` provider sends it."""
        blank = Image.fromarray(np.zeros((ROWS, COLUMNS, 3), dtype=np.uint8))
        content = [{"type": "image", "image": blank}] * PLANES + [{"type": "text", "text": user}]
        system = [{"type": "text", "text": load_prompt(Language.ZH).system}]
        made = self.processor.apply_chat_template(
            [{"role": "system", "content": system}, {"role": "user", "content": content}],
            add_generation_prompt=True, tokenize=True, return_dict=True, return_tensors="pt",
        )  # fmt: skip
        ids: torch.Tensor = made["input_ids"][0]
        return ids

    def answers(self, seen: NDArray[np.bool_], male: NDArray[np.bool_]) -> torch.Tensor:
        """Token ids of the reports, ended and padded: (batch, tokens)."""
        rows = []
        for own, man in zip(seen, male, strict=True):
            states: dict[str, set[str]] = {}
            for number in np.flatnonzero(own):
                organ, state = CLASSES[number]
                states.setdefault(organ, set()).add(state)
            written = [self.token(piece) for piece in pieces(states, male=bool(man))]
            rows.append(torch.tensor([*written, self.tokenizer.eos_token_id]))
        pad = self.tokenizer.pad_token_id
        return nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=pad)

    def logits(
        self, pixels: torch.Tensor, answers: torch.Tensor, kept: torch.Tensor | None = None
    ) -> torch.Tensor:
        """What the model thinks of each next token: (batch, tokens, vocabulary).

        With ``kept``, numbers of patches (batch, patches), the decoder sees these patches alone,
        in their own places.  The tower does not learn any more.
        """
        inner, count = self.model.model, len(answers)
        with torch.no_grad():
            features = patch_features(inner.vision_tower, pixels)
        if kept is not None:
            features = features.gather(1, kept[..., None].expand(-1, -1, features.shape[-1]))
        embed = inner.language_model.embed_tokens
        shown = self.prompt == self.model.config.image_token_id
        before, after = (int(n) for n in (shown.long().argmax(), shown.nonzero().max() + 1))
        told = [
            embed(self.prompt[:before]).expand(count, -1, -1),
            inner.multi_modal_projector(features),
            embed(self.prompt[after:]).expand(count, -1, -1),
            embed(answers[:, :-1]),
        ]
        inputs = torch.cat(told, dim=1)
        hidden = inner.language_model(
            inputs_embeds=inputs,
            # Without a mask, places that jump would be taken for several texts in one row.
            attention_mask=torch.ones(inputs.shape[:2], dtype=torch.long),
            position_ids=_places(before, after, len(self.prompt) + answers.shape[1] - 1, kept),
            use_cache=False,
        ).last_hidden_state
        logits: torch.Tensor = self.model.lm_head(hidden[:, -answers.shape[1] :])
        return logits

    def other_prompt(self, rng: np.random.Generator) -> torch.Tensor:
        """The prompt with some clauses left out, and now and then a few words of something else."""
        left_out = rng.uniform(0, 0.6)
        kept = [c for c in CLAUSE.findall(load_prompt(Language.ZH).user) if rng.random() > left_out]
        for _ in range(int(rng.integers(0, 3))):
            kept.insert(int(rng.integers(len(kept) + 1)), str(rng.choice(list(OTHER_WORDS))))
        return self.prompt_of("".join(kept))

    def loss(self, batch: dict[str, torch.Tensor], kept: torch.Tensor | None) -> torch.Tensor:
        """Weighted entropy of the reports, given the pictures and the prompt."""
        answers = self.answers(batch["seen"].numpy(), batch["male"].numpy())
        logits = self.logits(batch["pixels"], answers, kept)
        costs = self._costs[answers] * (answers != self.tokenizer.pad_token_id)
        entropy = nn.functional.cross_entropy(logits.transpose(1, 2), answers, reduction="none")
        return (entropy * costs).sum() / len(answers)

    def save(self, folder: Path) -> None:
        """Write the folder that ``--pet2rep-model=hf/FOLDER`` loads."""
        self.model.save_pretrained(folder)
        self.processor.save_pretrained(folder)


def _places(before: int, after: int, end: int, kept: torch.Tensor | None) -> torch.Tensor | None:
    """Positions of the tokens when only some patches are ``kept``."""
    if kept is None:
        return None
    ends = [torch.arange(before), torch.arange(after, end)]
    first, last = (part.expand(len(kept), -1) for part in ends)
    return torch.cat([first, before + kept, last], dim=1)


def some_patches(maps: torch.Tensor) -> torch.Tensor:
    """All patches with lesions and, up to ``PATCHES_KEPT``, others: (batch, patches), rising."""
    counts = maps.flatten(1, 3).amax(dim=-1)
    order = torch.rand(counts.shape) + (counts > 0).float()
    return order.topk(PATCHES_KEPT, dim=1).indices.sort(dim=1).values


def examine(speaker: Speaker, samples: Samples, indices: NDArray[Any]) -> dict[str, float]:
    """F1 per state of the endings, each judged after the right words before it."""
    states = ("increased", "decreased", "absent")
    counts = np.zeros((len(states), 3), dtype=int)
    for part in np.array_split(indices, max(1, len(indices) // 16)):
        batch = samples.batch(part)
        answers = speaker.answers(batch["seen"].numpy(), batch["male"].numpy())
        with torch.inference_mode():
            said = speaker.logits(batch["pixels"], answers).argmax(-1)
        for row, state in enumerate(states):
            number = speaker.token(words().endings[state])
            right, wrote = answers == number, said == number
            counts[row] += [int((right & wrote).sum()), int(right.sum()), int(wrote.sum())]
    return {
        state: round(2 * both / max(right + wrote, 1), 3)
        for state, (both, right, wrote) in zip(states, counts.tolist(), strict=True)
    }


def main() -> None:
    """Command line."""
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    for name in ("pool", "seeing", "checkpoint", "model"):
        options.add_argument(name, type=Path)
    options.add_argument("--minutes", type=float, default=40.0)
    options.add_argument("--threads", type=int, default=2)
    options.add_argument("--rate", type=float, default=0.5)
    chosen = options.parse_args()
    torch.set_num_threads(chosen.threads)
    torch.manual_seed(3)
    speaker = Speaker()
    if not chosen.checkpoint.exists():
        pool = Samples(chosen.pool)
        some = pool.batch(np.arange(min(16, len(pool))))
        with torch.no_grad():
            take_over(speaker, chosen.seeing, some["pixels"])
    train(speaker, chosen)
    speaker.save(chosen.model)


def take_over(speaker: Speaker, checkpoint: Path, pixels: torch.Tensor) -> None:
    """Put the tower of the first stage into the model, and its reading into the projector.

    The first rows of the projector become the logits of the first stage; what it has no logits for
    starts small, so that a patch without anything abnormal looks like every other such patch.
    ``pixels`` are some pictures, to learn how large the features of the tower are.
    """
    state = torch.load(checkpoint, weights_only=True)["model"]
    tower = {k.removeprefix("tower."): v for k, v in state.items() if k.startswith("tower.")}
    inner = speaker.model.model
    inner.vision_tower.load_state_dict(tower)
    spread = patch_features(inner.vision_tower, pixels).std(dim=-1).mean()
    reading = state["read.weight"] * state["norm.weight"]
    rows = len(reading)
    first, second = inner.multi_modal_projector.linear_1, inner.multi_modal_projector.linear_2
    first.weight *= 0.1
    first.weight[:rows] = (reading - reading.mean(dim=1, keepdim=True)) / spread
    first.bias[:rows] = state["read.bias"] + state["read.weight"] @ state["norm.bias"]
    first.bias[:rows] += torch.tensor([READING_SHIFT] * len(CLASSES) + [MALE_SHIFT])
    nn.init.orthogonal_(second.weight)
    second.bias.copy_(second.weight[:, -1])
    bind(speaker, second.weight)


def bind(speaker: Speaker, directions: torch.Tensor) -> None:
    """Let the words of each organ start out looking for the patches that show its lesions.

    ``directions`` (width, width) are at right angles: the first are what the projector adds for
    each class; each organ's words get one of the rest, which the queries of the first layer turn
    into those of its classes.  Each ending starts as the sum of its classes, or of the organs that
    are seldom anything else.  Training goes on from there.
    """
    language = speaker.model.model.language_model
    attention, embed = language.layers[0].self_attn, language.embed_tokens.weight
    head, endings = speaker.model.lm_head.weight, words().endings
    classes = directions[:, : len(CLASSES)]
    shown = classes @ classes.T  # what pictures say; words have no part of it
    embed -= embed @ shown
    attention.q_proj.weight.mul_(0.1)
    attention.k_proj.weight.mul_(0.1).add_(1.4 * shown)
    attention.v_proj.weight.mul_(0.1).add_(shown)
    attention.o_proj.weight.mul_(0.1).add_(0.5 * torch.eye(len(embed[0])))
    for number, (_, state) in enumerate(CLASSES):
        head[speaker.token(endings[state])] += 0.6 * classes[:, number]
    for place, (organ, table) in enumerate(words().organs.items(), start=len(CLASSES) + 1):
        own = [number for number, (name, _) in enumerate(CLASSES) if name == organ]
        name = directions[:, place]
        embed[speaker.token(table["words"])] += name
        head[speaker.token(endings[table.get("always", "normal")])] += 0.4 * name
        attention.q_proj.weight += 2 * torch.outer(classes[:, own].sum(dim=1), name)


def hold_search(speaker: Speaker, *, held: bool) -> None:
    """Keep what ``bind`` laid down while everything behind it is still learning to use it."""
    inner = speaker.model.model
    attention = inner.language_model.layers[0].self_attn
    for part in (
        inner.multi_modal_projector, inner.language_model.embed_tokens,
        attention.q_proj, attention.k_proj,
    ):  # fmt: skip
        part.requires_grad_(not held)


def train(speaker: Speaker, chosen: argparse.Namespace) -> None:
    """Learn until the minutes of the stage are spent."""
    seconds = chosen.minutes * 60
    optimiser = Optimiser(speaker.model, chosen.rate)
    spent, step = restore(chosen.checkpoint, speaker.model, optimiser)
    samples = Samples(chosen.pool)
    held = np.arange(min(HELD_BACK, len(samples) // 4))
    rng = np.random.default_rng([4, step])
    shipped = speaker.prompt
    began, told = time.monotonic() - spent, time.monotonic()
    while (spent := time.monotonic() - began) < seconds:
        if step % 100 == 0:
            samples.look_for_more()
        batch = samples.batch(rng.integers(len(held), len(samples), CASES_A_STEP), rng)
        thinned = spent < THINNED * seconds
        hold_search(speaker, held=thinned)
        if not thinned and rng.random() < OTHER_PROMPTS:
            speaker.prompt = speaker.other_prompt(rng)
        loss = speaker.loss(batch, some_patches(batch["maps"]) if thinned else None)
        speaker.prompt = shipped
        optimiser.step(loss, spent / seconds)
        step += 1
        if step % 20 == 0:
            print(f"{step} {spent:.0f} s loss {loss.item():.3f}", flush=True)
        if time.monotonic() - told > 150:
            told = time.monotonic()
            print(examine(speaker, samples, held[:200]), flush=True)
            store(chosen.checkpoint, speaker.model, optimiser, spent, step)
    print(examine(speaker, samples, held), flush=True)
    store(chosen.checkpoint, speaker.model, optimiser, spent, step)


if __name__ == "__main__":
    main()
