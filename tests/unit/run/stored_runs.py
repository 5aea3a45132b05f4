"""Runs made in this process, without pytest: real cases, real records, real files."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pytest_pet2rep.cohorts.cohort import find_cohort
from pytest_pet2rep.run.items import check_names, check_record, text_record, uptake_record
from pytest_pet2rep.run.plan import PlannedItem
from pytest_pet2rep.run.run_summary import summary_of_run
from pytest_pet2rep.run.runfiles import RunData
from pytest_pet2rep.run.runfiles.encoding import item_of
from pytest_pet2rep.run.runfiles.saving import begin, finish
from pytest_pet2rep.run.runtime import Runtime
from pytest_pet2rep.run.settings import RunSettings
from pytest_pet2rep.run.verdict import RunFacts, run_verdict
from pytest_pet2rep.types import Record
from tests.validated import validate_files

ZH = (
    "影像所见：脑实质密度未见异常，FDG摄取未见异常。两肺纹理清晰，FDG摄取未见异常。"
    "肝右叶见低密度结节，FDG摄取增高。脾脏大小正常，FDG摄取未见异常。"
    "左肾见囊状低密度灶，FDG摄取缺失。骨质结构完整，FDG摄取未见异常。\n"
    "影像诊断：肝右叶结节伴FDG摄取增高，考虑恶性。"
)
MISSED = ZH.replace("肝右叶见低密度结节，FDG摄取增高", "肝脏形态正常，FDG摄取未见异常").replace(
    "肝右叶结节伴FDG摄取增高，考虑恶性", "左肾囊肿"
)
EN = (
    "Findings: No abnormal FDG uptake in the brain. The lungs are clear without abnormal uptake. "
    "There is a hypermetabolic nodule in the left lobe of the thyroid. The liver and spleen show "
    "normal uptake.\nImpression: Hypermetabolic thyroid nodule."
)
REFUSAL = "很抱歉，作为人工智能助手，我无法根据这些图像提供医学诊断报告。"
OUTPUTS: Mapping[str, str | None] = {
    "PET-1": ZH,
    "PET-2": MISSED,
    "PET-3": f"<think>看图</think>{ZH}",
    "PET-4": EN.replace("left", "right"),
    "PET-5": REFUSAL,
    "PET-6": ZH.replace("脾脏大小正常，FDG摄取未见异常", "脾脏FDG摄取增高"),
}


def make_cohort(root: Path) -> Path:
    """Write six cases, one of them English, one with an explicit expectation."""
    for name in OUTPUTS:
        english = name == "PET-4"
        folder = root / "cohort" / name
        folder.mkdir(parents=True, exist_ok=True)
        language, report = ("en", EN) if english else ("zh", ZH)
        (folder / f"report.{language}.txt").write_text(report, encoding="utf-8")
        more = '[expectations.liver]\nstates = ["increased"]\n' if name == "PET-1" else ""
        (folder / "case.toml").write_text(
            f'id = "{name}"\nlanguage = "{language}"\nprivate = false\nsex = "F"\n{more}',
            encoding="utf-8",
        )
    return root / "cohort"


def make_outputs(root: Path, texts: Mapping[str, str | None], name: str = "outputs") -> str:
    """Write stored outputs and return the model that replays them."""
    lines = [json.dumps({"id": i, "prediction": t}) for i, t in texts.items()]
    path = root / f"{name}.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    return f"replay/{path}"


def settings_for(root: Path, **more: Any) -> RunSettings:
    """Return the settings of a run on the six cases."""
    texts = more.pop("texts", OUTPUTS)
    model = more.pop("model", None) or make_outputs(root, texts, more.pop("name", "outputs"))
    return RunSettings(model=model, cases=make_cohort(root), **more)


def records_of(runtime: Runtime, files: Sequence[Path]) -> list[Record]:
    """Return the records of every item of some cases."""
    found = []
    for path in files:
        assessed = runtime.assess(runtime.load(path))
        metrics = runtime.metrics_for(assessed.language)
        found.append(text_record(assessed, runtime.settings, metrics))
        found += [check_record(assessed, check) for check in check_names()]
        found += [
            uptake_record(assessed, organ.id, runtime.profile, runtime.settings)
            for organ in runtime.profile.organs
        ]
    return found


def planned_of(records: Sequence[Record]) -> list[PlannedItem]:
    return [item_of(record) for record in records]


def store_run(
    root: Path, folder: Path, *, run_id: str = "a" * 32, lost: Sequence[int] = (), **more: Any
) -> RunData:
    """Run, and write the files of the run into ``folder``; records at ``lost`` never came in."""
    settings = settings_for(root, **more)
    runtime = Runtime(settings, find_cohort(settings.cases), run_id)
    files = runtime.case_files
    if settings.shard is not None:
        files = settings.shard.of(files)
    records = records_of(runtime, files)
    planned = planned_of(records)
    heard = [record for at, record in enumerate(records) if at not in lost]
    saving = begin(runtime, planned, folder)
    holes = [(planned[at], "it never ran") for at in sorted(lost)]
    summary = summary_of_run(runtime, heard, holes=holes, seconds=1.5)
    verdict = run_verdict(
        RunFacts(
            planned=len(planned),
            holes=len(holes),
            failed_items=sum(record.failed for record in heard),
        )
    )
    run = finish(
        saving,
        runtime,
        heard,
        summary,
        verdict=str(verdict.verdict),
        exit_code=verdict.code,
        exit_reason=verdict.reason,
    )
    assert validate_files(folder) == 2 + len(files)
    return run


def without_timing(record: Record) -> Record:
    facts = {name: value for name, value in record.facts.items() if name != "timing"}
    return replace(record, facts=facts)
