"""What baselines that see no image score on the items of a run, and the lift over them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pytest_pet2rep.cohorts.cohort import find_cohort
from pytest_pet2rep.run.floors import FLOORS, floor_records
from pytest_pet2rep.run.items import text_record, uptake_record
from pytest_pet2rep.run.lift import Lift
from pytest_pet2rep.run.run_summary import summary_of_run
from pytest_pet2rep.run.runtime import Runtime
from pytest_pet2rep.run.settings import RunSettings
from pytest_pet2rep.run.summary import Summary
from pytest_pet2rep.types import Outcome, Record

REPORTS = {
    "P-1": "影像所见：肝脏FDG摄取增高。脾脏FDG摄取未见异常。\n影像诊断：肝脏恶性病变。",
    "P-2": "影像所见：肝脏FDG摄取增高。脾脏FDG摄取减低。\n影像诊断：肝脏恶性病变。",
    "P-3": "影像所见：肝脏FDG摄取未见异常。脾脏FDG摄取未见异常。\n影像诊断：未见异常。",
}


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PET2REP_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for case_id, report in REPORTS.items():
        case = tmp_path / "cohort" / case_id
        case.mkdir(parents=True)
        (case / "report.zh.txt").write_text(report, encoding="utf-8")
        (case / "case.toml").write_text(f'id = "{case_id}"\nprivate = false\n', encoding="utf-8")
    return tmp_path / "cohort"


def runtime_for(folder: Path, model: str = "baseline/reference", **changed: object) -> Runtime:
    settings = replace(RunSettings(model=model, cases=folder), **changed)  # type: ignore[arg-type]
    return Runtime(settings, find_cohort(folder), "0" * 32)


def records_of(runtime: Runtime) -> list[Record]:
    found = []
    for case in runtime.cases():
        assessed = runtime.assess(case)
        found.append(
            text_record(assessed, runtime.settings, runtime.metrics_for(assessed.language))
        )
        found += [
            uptake_record(assessed, organ.id, runtime.profile, runtime.settings)
            for organ in runtime.profile.organs
        ]
    return found


def identities(records: tuple[Record, ...] | list[Record]) -> list[tuple[str, str, str, int]]:
    return sorted((r.case, r.check, r.organ, r.repeat) for r in records)


def summary_of(runtime: Runtime) -> Summary:
    return summary_of_run(runtime, records_of(runtime), holes=(), seconds=0.0)


def lift_of(summary: Summary, metric: str) -> Lift:
    return next(lift for lift in summary.lifts["zh"] if lift.metric == metric)


def test_every_floor_is_scored_on_exactly_the_items_of_the_run(folder: Path) -> None:
    runtime = runtime_for(folder)
    some = [r for r in records_of(runtime) if r.case != "P-2" and r.organ in ("", "liver")]
    twice = [*some, *(replace(record, repeat=1) for record in some)]
    floors = floor_records(runtime, twice)
    assert tuple(floors) == FLOORS
    for records in floors.values():
        assert identities(records) == identities(twice)


@pytest.mark.parametrize("name", FLOORS)
def test_a_floor_scores_what_its_own_run_scores(folder: Path, name: str) -> None:
    runtime = runtime_for(folder, f"baseline/{name}")
    own = records_of(runtime)
    floor = floor_records(runtime, own)[name]
    key = lambda r: (r.case, r.check, r.organ)  # noqa: E731
    assert [(r.outcome, r.generated) for r in sorted(own, key=key)] == [
        (r.outcome, r.generated) for r in sorted(floor, key=key)
    ]
    assert lift_of(summary_of(runtime), "ce_f1").by_floor[name] == pytest.approx(
        lift_of(summary_of(runtime), "ce_f1").value
    )


def test_floors_that_were_kept_equal_floors_that_are_made(folder: Path, tmp_path: Path) -> None:
    runtime = runtime_for(folder)
    records = records_of(runtime)
    made = floor_records(runtime, records)
    kept = floor_records(runtime_for(folder), records)
    assert made == kept
    (file,) = (tmp_path / "cache" / "floors").iterdir()
    file.write_bytes(file.read_bytes()[:40])
    assert floor_records(runtime_for(folder), records) == made


def test_another_reference_makes_other_floors(folder: Path) -> None:
    before = floor_records(runtime_for(folder), records_of(runtime_for(folder)))
    report = folder / "P-1" / "report.zh.txt"
    report.write_text(REPORTS["P-1"].replace("增高", "缺失"), encoding="utf-8")
    after = floor_records(runtime_for(folder), records_of(runtime_for(folder)))
    assert before != after


def test_a_perfect_model_is_above_every_floor(folder: Path) -> None:
    lift = lift_of(summary_of(runtime_for(folder)), "ce_f1")
    assert lift.value == 1.0
    assert lift.floor is not None
    assert lift.lift == pytest.approx(1.0 - lift.floor)
    assert lift.by_floor[lift.floor_name] == max(v for v in lift.by_floor.values() if v is not None)


def test_a_lower_rate_of_misses_is_a_positive_lift(folder: Path) -> None:
    lift = lift_of(summary_of(runtime_for(folder)), "miss_rate")
    assert not lift.higher_is_better
    assert lift.value == 0.0
    assert lift.lift is not None
    assert lift.lift >= 0


def test_a_single_case_has_no_other_patients_report(folder: Path) -> None:
    runtime = runtime_for(folder / "P-1")
    floors = floor_records(runtime, records_of(runtime))
    assert {r.outcome for r in floors["shuffled"] if r.check == "uptake"} == {Outcome.ERROR}


def test_floors_can_be_left_out(folder: Path) -> None:
    assert summary_of(runtime_for(folder, floors=False)).lifts == {}
