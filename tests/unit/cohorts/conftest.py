from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

MakeCase = Callable[..., Path]

REPORT_ZH = "影像所见：肝脏FDG摄取未见异常。\n影像诊断：未见明显异常。\n"
REPORT_EN = "Findings: No abnormal FDG uptake in the liver.\nImpression: Normal study.\n"


@pytest.fixture
def make_case(tmp_path: Path) -> MakeCase:
    """Write a case folder below ``tmp_path / "cohort"`` and return its case.toml."""

    def make(
        case_id: str = "PET-0001",
        body: str = "",
        *,
        zh: str | None = REPORT_ZH,
        en: str | None = None,
        written_id: str | None = None,
    ) -> Path:
        folder = tmp_path / "cohort" / case_id
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "case.toml"
        path.write_text(f'id = "{written_id or case_id}"\n{body}', encoding="utf-8")
        for name, text in (("zh", zh), ("en", en)):
            if text is not None:
                (folder / f"report.{name}.txt").write_bytes(text.encode("utf-8"))
        return path

    return make
