"""``pet2rep read-agreement``: how far the rules and a language model read the same in reports."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pytest_pet2rep.anatomy import Profile, load_profile, roll_up
from pytest_pet2rep.cachefolder import cache_folder
from pytest_pet2rep.cohorts.casefile import load_case
from pytest_pet2rep.cohorts.cohort import find_cohort
from pytest_pet2rep.cohorts.jsonlines import id_field, read_lines, text_field
from pytest_pet2rep.errors import DataProblem, UsageProblem
from pytest_pet2rep.models.registry import ModelSpec, ProviderSettings
from pytest_pet2rep.render.json_text import canonical_json
from pytest_pet2rep.render.numbers import count
from pytest_pet2rep.render.table import Table, render_table
from pytest_pet2rep.render.untrusted import terminal_safe
from pytest_pet2rep.run.assessment import ReadText, read_scored
from pytest_pet2rep.run.expectations import evidence_of
from pytest_pet2rep.run.second_reader import SecondReader, SecondReading
from pytest_pet2rep.run.second_reader.agreement import AgreementReport, ReadTwice, agreement
from pytest_pet2rep.run.second_reader.answer import Questions
from pytest_pet2rep.run.second_reader.server import ReaderServer
from pytest_pet2rep.run.second_reader.tables import (
    agreement_json,
    agreement_table,
    disagreement_table,
    kappa_text,
)
from pytest_pet2rep.types import Language, Section


@dataclass(frozen=True, kw_only=True, slots=True)
class _Source:
    id: str
    text: str
    language: Language
    private: bool = True


def read_agreement(options: argparse.Namespace) -> int:
    """Let both readers read, and print how far they agree; 1 if texts were unreadable."""
    from pytest_pet2rep.findings.reader import EXTRACTOR

    profile = load_profile(options.profile)
    sources = list(_sources(options))
    if not sources:
        raise DataProblem(f"{options.file} holds no report")
    server = ReaderServer(ModelSpec.parse(options.reader), _settings(options, sources))
    reader = SecondReader(
        server, Questions(profile=profile), cache_folder("second-reader"), fresh=options.fresh
    )
    ours = [read_scored(s.text, s.language, Section(options.section)) for s in sources]
    try:
        theirs = list(reader.read_all([read.scored for read in ours], options.concurrency))
    finally:
        server.close()
    read = [
        _read_twice(source, first, second, profile)
        for source, first, second in zip(sources, ours, theirs, strict=True)
    ]
    report = agreement(read, profile)
    if options.json:
        sys.stdout.write(canonical_json(agreement_json(report, EXTRACTOR, reader.signature)))
    else:
        _print_report(report, EXTRACTOR, reader.signature)
    return 1 if report.unreadable else 0


def _sources(options: argparse.Namespace) -> Iterator[_Source]:
    """The reports of a file of JSON lines, or the references of a cohort."""
    chosen = Language(options.language) if options.language else None
    if options.file.suffix != ".toml" and not options.file.is_dir():
        yield from _lines(options.file, chosen or Language.ZH)
        return
    cohort = find_cohort(options.file)
    for path in cohort.case_files:
        case = load_case(path, cohort=cohort.name)
        language = chosen or case.language
        if language not in case.references:
            raise UsageProblem(f"case {case.id} has no reference report in {language}")
        text = case.references[language]
        yield _Source(id=case.id, text=text, language=language, private=case.private)


def _lines(path: Path, default: Language) -> Iterator[_Source]:
    for line in read_lines(path):
        try:
            if line.problem:
                raise ValueError(line.problem)
            stated = line.fields.get("lang")
            yield _Source(
                id=id_field(line, ("id",)),
                text=text_field(line, ("text",)),
                language=Language(stated) if stated in set(Language) else default,
            )
        except ValueError as why:
            raise DataProblem(f"{line.place}: {why}") from None


def _settings(options: argparse.Namespace, sources: list[_Source]) -> ProviderSettings:
    arguments = {}
    for given in options.reader_arg:
        name, equals, value = given.partition("=")
        if not equals:
            raise UsageProblem(f"--reader-arg {given} is not KEY=VALUE, e.g. timeout=60")
        arguments[name] = value
    if options.concurrency < 1:
        raise UsageProblem(f"--concurrency is at least 1, not {options.concurrency}")
    if options.base_url:
        arguments["base_url"] = options.base_url
    return ProviderSettings(
        model_args=arguments,
        offline=options.offline,
        private=any(source.private for source in sources),
        allowed_hosts=frozenset(options.allow_remote),
    )


def _read_twice(
    source: _Source, ours: ReadText, theirs: SecondReading, profile: Profile
) -> ReadTwice:
    return ReadTwice(
        id=source.id,
        ours=roll_up(ours.states, profile),
        theirs=theirs.states,
        evidence={
            organ.id: evidence_of(ours.mentions, organ.fine, ours.whole) for organ in profile.organs
        },
        problem=theirs.problem,
    )


def _print_report(report: AgreementReport, rules: str, second: str) -> None:
    print(f"rules: {rules}")
    print(f"second reader: {second}")
    print(f"{count(report.texts, 'text')}, {len(report.unreadable)} unreadable")
    for id_, why in report.unreadable:
        print(f"  {terminal_safe(id_)}: {terminal_safe(why)}")
    print()
    _print(agreement_table(report))
    if report.unreadable:
        abnormal, states = report.all.abnormal, report.all.states
        print(
            f"counting unreadable texts as disagreement: kappa "
            f"{kappa_text(abnormal.kappa_with_unreadable)} on abnormal or not, "
            f"{kappa_text(states.kappa_with_unreadable)} on states"
        )
    print()
    _print(disagreement_table(report))


def _print(table: Table) -> None:
    for line in render_table(table, shutil.get_terminal_size((110, 24)).columns):
        print(line)
