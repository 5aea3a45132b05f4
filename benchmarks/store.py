"""What the store costs: a run of 565 cases by two processes, and look-ups among 50,000 answers.

    python benchmarks/store.py [--entries 50000] [--cases 565]

Prints seconds; nothing is generated, so all of it is the store's.
"""

from __future__ import annotations

import argparse
import hashlib
import multiprocessing
import resource
import tempfile
import time
from pathlib import Path

from pytest_pet2rep.store.entries import Origin, generation_entry
from pytest_pet2rep.store.generations import GenerationStore
from pytest_pet2rep.store.journal import Journal
from pytest_pet2rep.store.texts import Texts, text_digest
from pytest_pet2rep.types import Generation

TEXT = "肝右叶见低密度结节，FDG摄取增高。" * 40


def key_of(number: int) -> str:
    """Return a key as requests have them."""
    return hashlib.sha256(str(number).encode()).hexdigest()


def work(root: Path, cases: int, first: int) -> None:
    """Be one of two workers: every report, the two starting at different ends."""
    store = GenerationStore(root=root, run="bench", facts={"model": "hf/x"})
    order = range(cases) if not first else range(cases - 1, -1, -1)
    for number in order:
        store.obtain(
            key_of(number),
            lambda n=number: Generation(raw=f"{n} {TEXT}"),  # type: ignore[misc]
            reusable=lambda _: True,
        )


def run_by_two(root: Path, cases: int) -> float:
    """Return the seconds that two processes need to make and find every report."""
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=work, args=(root, cases, first)) for first in (0, 1)]
    began = time.perf_counter()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return time.perf_counter() - began


def fill(root: Path, entries: int) -> None:
    """Write a store with so many answers, without waiting for the disk."""
    journal, texts = Journal(root), Texts(root=root)
    parts: dict[str, list[dict[str, object]]] = {}
    for number in range(entries):
        raw = f"{number} {TEXT}"
        if number < 2000:
            texts.write(raw, sync=False)
        entry = generation_entry(
            key_of(number),
            Generation(raw=raw),
            Origin(run=f"run-{number % 90}", take=0, facts={"model": "hf/x", "case": str(number)}),
            text=text_digest(raw),
            shared=True,
            outcome="usable",
        )
        parts.setdefault(str(entry["key"])[:2], []).append(entry)
    for name, found in parts.items():
        journal.append_all(name, found)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--entries", type=int, default=50_000)
    parser.add_argument("--cases", type=int, default=565)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        seconds = run_by_two(root / "run", options.cases)
        print(f"{options.cases} reports made by two processes: {seconds:.2f} s")
        began = time.perf_counter()
        work(root / "run", options.cases, 0)
        seconds = time.perf_counter() - began
        print(f"{options.cases} reports found by a fresh process: {seconds:.2f} s")
        fill(root / "full", options.entries)
        store = GenerationStore(root=root / "full", run="bench")
        for look in ("first", "second"):
            began = time.perf_counter()
            found = sum(store.find(key_of(n)) is not None for n in range(options.cases))
            seconds = time.perf_counter() - began
            print(f"{found} found among {options.entries}, {look} look: {seconds:.2f} s")
        began = time.perf_counter()
        missing = sum(store.find(key_of(-1 - n)) is None for n in range(options.cases))
        print(f"{missing} not found: {time.perf_counter() - began:.2f} s")
        began = time.perf_counter()
        listed = sum(1 for _ in Journal(root / "full").all_entries())
        print(f"{listed} listed: {time.perf_counter() - began:.2f} s")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory {peak:.0f} MiB")


if __name__ == "__main__":
    main()
