"""The agreement of two readers as tables for people, and as plain data."""

from __future__ import annotations

from typing import Any

from pytest_pet2rep.render.columns import Align
from pytest_pet2rep.render.numbers import UNSCORED, share
from pytest_pet2rep.render.table import Column, Table
from pytest_pet2rep.run.second_reader.agreement import (
    Agreement,
    AgreementReport,
    Disagreement,
    OrganAgreement,
)
from pytest_pet2rep.types import States


def agreement_table(report: AgreementReport) -> Table:
    """Per organ: texts, agreement and kappa, on abnormal against not and on the states."""
    return Table(
        columns=(
            Column(title="organ", shrink_to=12),
            Column(title="n", align=Align.RIGHT),
            Column(title="abnormal or not", align=Align.RIGHT),
            Column(title="kappa", align=Align.RIGHT),
            Column(title="same states", align=Align.RIGHT),
            Column(title="kappa", align=Align.RIGHT),
        ),
        rows=(*(_row(organ) for organ in report.organs), (), _row(report.all)),
    )


def _row(organ: OrganAgreement) -> tuple[str, ...]:
    return (
        organ.organ or "all organs",
        str(organ.states.n),
        share(organ.abnormal.agreed, organ.abnormal.n),
        kappa_text(organ.abnormal.kappa),
        share(organ.states.agreed, organ.states.n),
        kappa_text(organ.states.kappa),
    )


def kappa_text(kappa: float | None) -> str:
    """Kappa with two decimals, -1 to 1; a dash where it is undefined."""
    return UNSCORED if kappa is None else f"{kappa:.2f}"


def disagreement_table(report: AgreementReport) -> Table:
    """Every organ that was read differently; those on abnormal against not come first."""
    rows = sorted(report.disagreements, key=lambda d: (not d.on_abnormal, d.id, d.organ))
    return Table(
        columns=(
            Column(title="id"),
            Column(title="organ"),
            Column(title="rules"),
            Column(title="second reader"),
            Column(title="evidence of the rules", shrink_to=24),
        ),
        rows=tuple((d.id, d.organ, _names(d.ours), _names(d.theirs), d.evidence) for d in rows),
    )


def agreement_json(report: AgreementReport, rules: str, second: str) -> dict[str, Any]:
    """The whole report as plain data; ``rules`` and ``second`` are the readers' signatures."""
    return {
        "readers": {"rules": rules, "second": second},
        "texts": report.texts,
        "unreadable": [{"id": id_, "why": why} for id_, why in report.unreadable],
        "all": _organ(report.all),
        "organs": {organ.organ: _organ(organ) for organ in report.organs},
        "disagreements": [_disagreement(d) for d in report.disagreements],
    }


def _organ(organ: OrganAgreement) -> dict[str, Any]:
    return {"abnormal": _figures(organ.abnormal), "states": _figures(organ.states)}


def _figures(found: Agreement) -> dict[str, Any]:
    return {
        "n": found.n,
        "agreed": found.agreed,
        "kappa": found.kappa,
        "kappa_with_unreadable": found.kappa_with_unreadable,
    }


def _disagreement(found: Disagreement) -> dict[str, Any]:
    return {
        "id": found.id,
        "organ": found.organ,
        "rules": found.ours,
        "second": found.theirs,
        "on_abnormal": found.on_abnormal,
        "evidence": found.evidence,
    }


def _names(states: States) -> str:
    return "+".join(sorted(states))
