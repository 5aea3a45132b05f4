"""From requests to replies: batches that shrink where memory ends, failures kept to their case."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_pet2rep.errors import GenerationFailed
from pytest_pet2rep.models.hf.chat import Prepared, prepare, together
from pytest_pet2rep.models.hf.loading import Loaded, told
from pytest_pet2rep.models.hf.sampling import WARPING, sampling_steps
from pytest_pet2rep.models.provider import Reply, with_all_images_seen
from pytest_pet2rep.types import FinishReason, Generation, GenerationRequest, Usage


@dataclass(frozen=True, kw_only=True, slots=True)
class _Ready:
    """A request whose prompt and images the model can take in."""

    place: int
    """Its place among the requests of the batch."""
    request: GenerationRequest
    prepared: Prepared


class Batches:
    """Generates for a loaded model, ``size`` reports at a time, or as many as memory holds."""

    def __init__(self, loaded: Loaded, size: int) -> None:
        self.loaded = loaded
        self.size = size

    def replies(self, requests: Sequence[GenerationRequest]) -> list[Reply]:
        """One reply per request, in order; never raises for what one case does."""
        replies: list[Reply] = []
        while len(replies) < len(requests):
            batch = requests[len(replies) : len(replies) + self.size]
            replies += self._replies(batch)
        return replies

    def _replies(self, batch: Sequence[GenerationRequest]) -> list[Reply]:
        replies: dict[int, Reply] = {}
        ready = []
        for place, request in enumerate(batch):
            prepared = _prepared(self.loaded, request)
            if isinstance(prepared, GenerationFailed):
                replies[place] = prepared
            else:
                ready.append(_Ready(place=place, request=request, prepared=prepared))
        for group in _alike(ready):
            made = self._generated(group)
            replies |= {one.place: reply for one, reply in zip(group, made, strict=True)}
        return [replies[place] for place in range(len(batch))]

    def _generated(self, group: Sequence[_Ready]) -> list[Reply]:
        began = time.perf_counter()
        try:
            rows = _new_tokens(self.loaded, group)
        except Exception as why:
            # Its frames hold the tensors that did not fit.
            failure: Exception = why.with_traceback(None)
        else:
            seconds = (time.perf_counter() - began) / len(group)
            return [
                _generation(self.loaded, one, row, seconds)
                for one, row in zip(group, rows, strict=True)
            ]
        full = _out_of_memory(failure)
        if full:
            give_memory_back()
        if len(group) == 1:
            return [_failure(group[0].request, failure, out_of_memory=full)]
        fewer = len(group) // 2 if full else 1
        if full:
            self.size = min(self.size, fewer)
        return [
            reply
            for start in range(0, len(group), fewer)
            for reply in self._generated(group[start : start + fewer])
        ]


def give_memory_back() -> None:
    """Let go of what nothing refers to any more, on the accelerator too."""
    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def _prepared(loaded: Loaded, request: GenerationRequest) -> Prepared | GenerationFailed:
    try:
        prepared = prepare(loaded, request)
    except GenerationFailed as why:
        return why
    except Exception as why:
        return _failure(request, why, out_of_memory=_out_of_memory(why))
    return _unfit(loaded, request, prepared) or prepared


def _unfit(
    loaded: Loaded, request: GenerationRequest, prepared: Prepared
) -> GenerationFailed | None:
    """What can be known to go wrong before any token is generated."""
    if prepared.images != len(request.images):
        seen = Generation(raw="", images_sent=len(request.images), images_consumed=prepared.images)
        reply = with_all_images_seen(seen, request.case_id)
        return reply if isinstance(reply, GenerationFailed) else None
    places = getattr(loaded.model.config.get_text_config(), "max_position_embeddings", None)
    if places is not None and prepared.prompt_tokens >= places:
        return GenerationFailed(
            f"case {request.case_id}: prompt and images take {prepared.prompt_tokens} tokens, the "
            f"model holds {places}; send fewer or smaller images"
        )
    return None


def _alike(ready: Sequence[_Ready]) -> Iterator[list[_Ready]]:
    """Groups that can be one batch: equally many images, and equal decoding but for the seed."""
    groups: dict[Any, list[_Ready]] = {}
    for one in ready:
        decoding = {key: value for key, value in one.request.decoding.items() if key != "seed"}
        groups.setdefault((len(one.request.images), repr(sorted(decoding.items()))), []).append(one)
    yield from groups.values()


def _new_tokens(loaded: Loaded, group: Sequence[_Ready]) -> list[list[int]]:
    """What the model goes on with, one row per request, up to and with its end token."""
    import torch
    from transformers import GenerationConfig, LogitsProcessorList

    decoding = group[0].request.decoding
    seeds = [int(one.request.decoding.get("seed", 0)) + one.request.repeat for one in group]
    plain = {key: value for key, value in decoding.items() if key not in {*WARPING, "seed"}}
    inputs = together(loaded, [one.prepared for one in group])
    with torch.inference_mode():
        output = loaded.model.generate(
            **inputs,
            generation_config=GenerationConfig(do_sample=False, **plain),
            logits_processor=LogitsProcessorList(sampling_steps(decoding, seeds)),
        )
    ends = _ends(loaded)
    new = output[:, inputs["input_ids"].shape[1] :].tolist()
    return [_up_to_the_end(row, ends) for row in new]


def _up_to_the_end(row: list[int], ends: frozenset[int]) -> list[int]:
    for place, token in enumerate(row):
        if token in ends:
            return row[: place + 1]
    return row


def _generation(loaded: Loaded, one: _Ready, new: Sequence[int], seconds: float) -> Reply:
    generation = Generation(
        raw=one.prepared.begun + _decoded(loaded, new),
        finish_reason=_finish_reason(loaded, new, one.request.decoding),
        usage=Usage(prompt_tokens=one.prepared.prompt_tokens, completion_tokens=len(new)),
        images_sent=len(one.request.images),
        images_consumed=one.prepared.images,
        seconds=seconds,
    )
    return with_all_images_seen(generation, one.request.case_id)


def _ends(loaded: Loaded) -> frozenset[int]:
    end = loaded.model.generation_config.eos_token_id
    if end is None:
        end = loaded.processor.tokenizer.eos_token_id
    return frozenset(end if isinstance(end, (list, tuple)) else [end])


def _finish_reason(
    loaded: Loaded, new_tokens: Sequence[int], decoding: Mapping[str, Any]
) -> FinishReason:
    if new_tokens and new_tokens[-1] in _ends(loaded):
        return FinishReason.STOP
    if len(new_tokens) >= int(decoding.get("max_new_tokens", len(new_tokens) + 1)):
        return FinishReason.LENGTH
    return FinishReason.UNKNOWN


def _decoded(loaded: Loaded, new_tokens: Sequence[int]) -> str:
    text = loaded.processor.tokenizer.decode(
        new_tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False
    )
    return str(text)


def _failure(
    request: GenerationRequest, why: Exception, *, out_of_memory: bool
) -> GenerationFailed:
    if not out_of_memory:
        return GenerationFailed(f"case {request.case_id}: the model raised {told(why)}")
    return GenerationFailed(
        f"case {request.case_id}: out of memory with {len(request.images)} images; free memory, "
        f"use a smaller dtype (--pet2rep-model-arg dtype=bfloat16) or smaller images"
    )


def _out_of_memory(why: Exception) -> bool:
    import torch

    said = str(why).lower()
    # On a CPU it is a plain RuntimeError of the allocator, worded by the operating system.
    return isinstance(why, (torch.OutOfMemoryError, MemoryError)) or (
        isinstance(why, RuntimeError)
        and any(sign in said for sign in ("out of memory", "not enough memory", "can't allocate"))
    )
