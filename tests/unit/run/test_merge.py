"""Merging shards: what the run in one piece gives, in any order and grouping, and never more."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_pet2rep.cli import main
from pytest_pet2rep.errors import DataProblem, UsageProblem
from pytest_pet2rep.render.json_text import canonical_json
from pytest_pet2rep.run.merge import load_shards, merge_runs
from pytest_pet2rep.run.runfiles import RunData, load_run, write_run
from pytest_pet2rep.run.runfiles.writing import run_plain
from pytest_pet2rep.run.shards import Shard, parse_shard, shard_of_cases
from pytest_pet2rep.types import Outcome
from tests.unit.run.stored_runs import store_run
from tests.validated import validate, validate_files

METRICS = ("pet2rep", "cider")


def content(run: RunData) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(json.dumps(run_plain(run), default=_plain))
    del plain["timing"]
    plain["card"].pop("environment")
    return plain


def _plain(value: Any) -> Any:
    return {name: getattr(value, name) for name in value.__slots__}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("merge")


@pytest.fixture(scope="module")
def whole(root: Path) -> RunData:
    return store_run(root, root / "whole", run_id="f" * 32, metrics=METRICS)


@pytest.fixture(scope="module")
def shards(root: Path) -> list[RunData]:
    return [
        store_run(
            root,
            root / f"shard{index}",
            run_id=str(index) * 32,
            metrics=METRICS,
            shard=Shard(index=index, count=4),
        )
        for index in (1, 2, 3, 4)
    ]


def test_all_shards_together_are_the_run_in_one_piece(
    whole: RunData, shards: list[RunData], root: Path
) -> None:
    merged = merge_runs([load_run(shard.path) for shard in shards if shard.path])
    assert content(merged) == content(whole)
    assert merged.complete
    write_run(root / "merged", merged)
    assert validate_files(root / "merged") == 2 + 6
    again = load_run(root / "merged")
    assert content(again) == content(whole)
    assert again.texts == whole.texts
    assert again.floors == whole.floors


def test_the_order_of_shards_does_not_matter(shards: list[RunData]) -> None:
    found = [content(merge_runs(order)) for order in itertools.permutations(shards, 4)]
    assert all(one == found[0] for one in found)


@pytest.mark.parametrize("groups", [[[0, 1], [2, 3]], [[0], [1, 2, 3]], [[3, 0, 1], [2]]])
def test_shards_may_be_merged_in_any_groups(shards: list[RunData], groups: list[list[int]]) -> None:
    parts = [merge_runs([shards[at] for at in group]) for group in groups]
    assert content(merge_runs(parts)) == content(merge_runs(shards))


def test_merging_a_run_with_itself_changes_nothing(shards: list[RunData]) -> None:
    assert content(merge_runs([*shards, *shards])) == content(merge_runs(shards))


def test_the_items_of_a_missing_shard_are_holes(whole: RunData, shards: list[RunData]) -> None:
    merged = merge_runs([shards[0], shards[1], shards[3]])
    assert merged.planned == whole.planned
    assert {hole.item.case for hole in merged.holes} == {"PET-3"}
    assert {hole.reason for hole in merged.holes} == {"shard 3/4 is missing"}
    assert not merged.complete
    assert merged.exit["code"] == 1
    assert merged.summary["outcomes"]["not_run"] == 19
    validate(json.loads(canonical_json(run_plain(merged))))


def test_a_shard_that_did_not_come_to_its_end_is_missing(
    shards: list[RunData], root: Path, tmp_path: Path
) -> None:
    folders = [tmp_path / str(at) for at in range(4)]
    for folder, shard in zip(folders, shards, strict=True):
        write_run(folder, shard)
    (folders[1] / "run.json").unlink()
    merged = merge_runs(load_shards(folders))
    assert {hole.reason for hole in merged.holes} == {"shard 2/4 is missing"}
    with pytest.raises(DataProblem, match="none of these runs came to its end"):
        load_shards([folders[1]])


def test_a_hole_of_a_shard_stays_one(root: Path, shards: list[RunData]) -> None:
    torn = store_run(
        root,
        root / "torn",
        run_id="1" * 32,
        metrics=METRICS,
        shard=Shard(index=1, count=4),
        lost=range(0, 60, 10),
    )
    merged = merge_runs([torn, *shards[1:]])
    assert len(merged.holes) == 6
    assert {hole.reason for hole in merged.holes} == {"it never ran"}
    assert not merged.complete
    healed = merge_runs([torn, *shards])
    assert content(healed) == content(merge_runs(shards))


def test_the_gates_of_the_shards_wait_for_the_merge_to_be_judged(
    shards: list[RunData], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    demand = {
        "name": "errors", "expression": "error_rate[language=zh] <= 0.02", "metric": "error_rate",
        "slice": "[language=zh]",
        "op": "<=", "against": "number", "threshold": 0.02, "kind": "operational",
        "confidence": 0.95, "family": "", "verdict": "deferred", "reason": "deferred to merge",
        "value": None, "reference": None, "reference_name": "", "difference": None, "bound": None,
        "interval": None, "n": 0, "events": None, "method": "", "adjusted_p": None,
    }  # fmt: skip
    gated = [replace(shard, gates=(demand,)) for shard in shards]
    merged = merge_runs(gated)
    assert merged.verdict == "deferred"
    assert [gate["expression"] for gate in merged.gates] == ["error_rate[language=zh] <= 0.02"]
    assert merged.summary["gates"] == list(merged.gates)
    write_run(tmp_path / "merged", merged)
    assert main(["gate", str(tmp_path / "merged")]) == 0
    write_run(tmp_path / "part", merge_runs(gated[1:]))
    assert main(["gate", str(tmp_path / "part")]) == 20
    assert "not measured" in capsys.readouterr().out


def test_overlaps_that_disagree_are_refused(shards: list[RunData]) -> None:
    first, *rest = shards[0].records
    other = replace(shards[0], records=(replace(first, outcome=Outcome.MISS, failed=True), *rest))
    with pytest.raises(DataProblem, match="another result of PET-1"):
        merge_runs([*shards, other])


@pytest.mark.parametrize(
    ("key", "value", "name"),
    [
        ("extractor", "rules:9", "extractor"),
        ("decoding", {"do_sample": True, "seed": 0}, "decoding"),
        ("expectations", "report", "expectations"),
        ("versions", {"python": "3.9"}, "versions"),
        ("model", {"identity": "other"}, "model"),
    ],
)
def test_shards_of_different_cards_are_refused_unless_allowed(
    shards: list[RunData], key: str, value: object, name: str
) -> None:
    other = replace(shards[1], card={**shards[1].card, key: value})
    with pytest.raises(UsageProblem, match=name):
        merge_runs([shards[0], other])
    assert merge_runs([shards[0], other], allowed={name})


def test_shards_of_another_cut_are_refused(root: Path, shards: list[RunData]) -> None:
    other = store_run(
        root, root / "half", run_id="9" * 32, metrics=METRICS, shard=Shard(index=2, count=2)
    )
    with pytest.raises(UsageProblem, match="cut into 2 and into 4"):
        merge_runs([shards[0], other])
    with pytest.raises(UsageProblem, match="nothing to merge"):
        merge_runs([])


def test_a_tenth_of_the_records_deleted_is_never_complete(
    shards: list[RunData], tmp_path: Path
) -> None:
    folders = [tmp_path / str(at) for at in range(4)]
    for folder, shard in zip(folders, shards, strict=True):
        write_run(folder, shard)
        stored = (folder / "cases.jsonl").read_text(encoding="utf-8").splitlines()
        lines = [json.loads(line) for line in stored]
        for line in lines:
            del line["records"][::10]
        text = "".join(json.dumps(line) + "\n" for line in lines)
        (folder / "cases.jsonl").write_text(text, encoding="utf-8")
    merged = merge_runs(load_shards(folders))
    assert not merged.complete
    assert merged.exit["code"] == 1
    assert len(merged.holes) >= len(merged.planned) // 10


@given(cases=st.lists(st.text(min_size=1), unique=True), count=st.integers(1, 20))
def test_shards_are_disjoint_and_complete(cases: list[str], count: int) -> None:
    ordered = sorted(cases)
    parts = [Shard(index=i, count=count).of(ordered) for i in range(1, count + 1)]
    assert sorted(itertools.chain(*parts)) == ordered
    belongs = shard_of_cases(cases, count)
    assert all(belongs[case] == i for i, part in enumerate(parts, 1) for case in part)
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


@pytest.mark.parametrize("text", ["", "3", "0/4", "5/4", "a/b", "1/0", "-1/4", "1/4/2"])
def test_what_is_no_shard_is_refused(text: str) -> None:
    with pytest.raises(UsageProblem, match="INDEX/COUNT"):
        parse_shard(text)
    assert str(parse_shard("3/16")) == "3/16"


def test_shards_without_a_case_are_not_missing(tmp_path: Path) -> None:
    parts = [
        store_run(tmp_path, tmp_path / f"s{n}", run_id=f"{n}" * 32, shard=parse_shard(f"{n}/9"))
        for n in range(1, 10)
    ]
    parts, without = parts[:6], parts[6:]
    assert not any(part.planned for part in without)
    merged = merge_runs(parts)
    assert merged.shards is None
    assert merged.complete
    assert content(merge_runs([*without, *parts])) == content(merged)
    lacking = merge_runs(parts[:5])
    assert lacking.shards is not None
    assert lacking.shards.missing == (6,)
    assert not lacking.complete


def test_nothing_but_shards_without_a_case_is_a_run_of_holes(whole: RunData, root: Path) -> None:
    last = Shard(index=7, count=7)
    empty = store_run(root, root / "last", run_id="7" * 32, metrics=METRICS, shard=last)
    merged = merge_runs([empty])
    assert (len(merged.holes), merged.exit["code"]) == (len(whole.planned), 1)
    assert merged.holes[0].reason == "shard 1/7 is missing"
    assert {hole.item for hole in merged.holes} == set(whole.planned)


def test_shards_with_different_gates_of_one_name_are_refused(whole: RunData) -> None:
    gate = {"name": "look", "expression": "error_rate <= 0.02", "confidence": 0.95, "family": ""}
    same = [replace(whole, run_id=i * 32, gates=(gate,)) for i in "ab"]
    assert len(merge_runs(same).gates) == 1
    laxer = replace(same[1], gates=({**gate, "expression": "error_rate <= 0.9"},))
    with pytest.raises(UsageProblem, match="another gate 'look'"):
        merge_runs([same[0], laxer])
