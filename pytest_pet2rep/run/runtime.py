"""The application behind a run: the model under test, the store and the cohort, held together.

One per process.  The model is loaded on the first report that is not in the store.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_pet2rep.anatomy import Profile, load_profile
from pytest_pet2rep.errors import UsageProblem
from pytest_pet2rep.run.assessment import Assessment, assess
from pytest_pet2rep.run.attempt import Attempt
from pytest_pet2rep.run.generating import AlterImages, ReportMaker, Wanted
from pytest_pet2rep.run.slots import ALONE, Place, Slots, share_of
from pytest_pet2rep.types import Case, Language

if TYPE_CHECKING:
    from pytest_pet2rep.cohorts.cohort import Cohort
    from pytest_pet2rep.imaging.options import ViewOptions
    from pytest_pet2rep.metrics.text import TextMetric
    from pytest_pet2rep.models.apart.processes import ModelProcesses
    from pytest_pet2rep.models.prompts import Prompt
    from pytest_pet2rep.models.provider import CohortInView, Provider, ProviderSettings
    from pytest_pet2rep.run.ahead import Ahead
    from pytest_pet2rep.run.floor_cache import FloorsOfItems
    from pytest_pet2rep.run.settings import RunSettings
    from pytest_pet2rep.store.generations import GenerationStore


class Runtime:
    """Everything that one process needs to answer for the cases of a run.

    ``run_id`` is the same in all processes of a run: within it every report is made once.
    """

    def __init__(
        self,
        settings: RunSettings,
        cohort: Cohort,
        run_id: str,
        *,
        model_process: Path | None = None,
        place: Place = ALONE,
        service: Mapping[str, Any] | None = None,
    ) -> None:
        self.settings = settings
        self.cohort = cohort
        self.run_id = run_id
        self.take = 0
        """How often this run was taken up again (see ``run.resume``)."""
        self._model_process = model_process
        self._apart: ModelProcesses | None = None
        self._cases: dict[Path, Case] = {}
        self._assessments: dict[tuple[str, str, int], Assessment] = {}
        self._attempts: dict[tuple[str, str, int, str], Attempt] = {}
        self._maker = ReportMaker(self)
        self._share = share_of(settings.concurrency, place)
        self._slots = Slots(self._share, run_id)
        self.service: Mapping[str, Any] = service or {}
        """What was found once for the whole run of what stands behind the model."""
        self._prompts: dict[Language, Prompt] = {}
        self._metrics: dict[Language, tuple[TextMetric, ...]] = {}
        self.floors: FloorsOfItems | None = None
        """Those asked for last (see ``run.floors``)."""

    @cached_property
    def profile(self) -> Profile:
        return load_profile(self.settings.organs)

    @cached_property
    def provider(self) -> Provider:
        """The model under test (cheap until it generates: weights are loaded by then)."""
        from pytest_pet2rep.models.registry import load_provider

        return load_provider(self.settings.model, self.provider_settings)

    @property
    def provider_settings(self) -> ProviderSettings:
        """What the options say about the model, besides its name."""
        from pytest_pet2rep.models.provider import ProviderSettings

        return ProviderSettings(
            model_args=self.settings.model_args,
            revision=self.settings.model_revision,
            trust_remote_code=self.settings.trust_remote_code,
            case_ids=frozenset(path.parent.name for path in self.case_files),
            private=any(case.private for case in self.cases()),
            allowed_hosts=self.settings.allowed_hosts,
            offline=self.settings.offline,
            cohort=self.cohort_in_view,
            concurrency=self._share.size,
            service=self.service,
            model_process=self._model_process,
        )

    def model_process_for(self, worker: int, *, workers: int) -> Path | None:
        """Where worker number ``worker`` (from 0) finds the weights; for the leading process.

        Starts the processes that hold them when it is first asked.  ``None``: each worker has
        its own model, because it has no weights on this machine.
        """
        if self._apart is None:
            from pytest_pet2rep.models.apart.processes import hold_apart

            self._apart = hold_apart(self.provider, self.provider_settings, workers=workers)
        return None if self._apart is None else self._apart.address(worker)

    @property
    def cohort_in_view(self) -> CohortInView:
        """The whole cohort, whatever part of it is run: for baselines that draw on it."""
        from pytest_pet2rep.models.provider import CohortInView

        return CohortInView(
            cases=lambda: tuple(self.load(path) for path in self.cohort.case_files),
            organs=self.settings.organs,
            section=self.settings.section,
        )

    @cached_property
    def view_options(self) -> ViewOptions:
        """How images are made.  Raises ``UsageProblem`` for an argument that is not known."""
        from pytest_pet2rep.run.case_images import view_options

        return view_options(self.settings.views, self.settings.view_args)

    @cached_property
    def store(self) -> GenerationStore:
        from pytest_pet2rep.store.generations import GenerationStore

        identity = self.provider.identity
        return GenerationStore(
            root=self.settings.store_root,
            run=self.run_id,
            take=self.take,
            retry_errors=self.settings.retry_errors,
            only_this_run=not identity.reusable,
            facts={"model": self.settings.model, "identity": identity.text},
        )

    @cached_property
    def case_files(self) -> tuple[Path, ...]:
        """The case files of the cohort that this run uses, sorted by case id."""
        return self.cohort.case_files[: self.settings.limit]

    @property
    def shard_files(self) -> tuple[Path, ...]:
        """Those of ``case_files`` that this shard runs; all of them where there are no shards."""
        shard = self.settings.shard
        return self.case_files if shard is None else shard.of(self.case_files)

    def load(self, path: Path) -> Case:
        """Load a case file.  Raises ``CaseFileError`` if it cannot be used in this run."""
        from pytest_pet2rep.run.case_checks import check_case
        from pytest_pet2rep.run.visibility import as_shown

        if path not in self._cases:
            from pytest_pet2rep.cohorts.casefile import load_case

            case = load_case(path, cohort=self.cohort.name)
            check_case(case, self.language_of(case))
            self._cases[path] = as_shown(case, self.view_options)
        return self._cases[path]

    def cases(self) -> tuple[Case, ...]:
        """Load every case of the run."""
        return tuple(self.load(path) for path in self.case_files)

    def language_of(self, case: Case) -> Language:
        return self.settings.language or case.language

    def prompt_for(self, language: Language) -> Prompt:
        if language not in self._prompts:
            from pytest_pet2rep.models.prompts import load_prompt

            self._prompts[language] = load_prompt(language, self.settings.prompt)
        return self._prompts[language]

    def metrics_for(self, language: Language) -> tuple[TextMetric, ...]:
        if language not in self._metrics:
            from pytest_pet2rep.run.text_metrics import chosen_metrics

            self._metrics[language] = chosen_metrics(
                self.settings, language, lambda: self._references(language)
            )
        return self._metrics[language]

    def _references(self, language: Language) -> Iterator[str]:
        """Every reference in ``language``, whole; loads cases only if consumed."""
        for case in self.cases():
            if self.language_of(case) is language:
                yield case.references[language]

    def attempt(
        self,
        case: Case,
        repeat: int = 0,
        purpose: str = "score",
        images: AlterImages | None = None,
    ) -> Attempt:
        """Return the report of ``case``: remembered, found in the store, or generated now.

        ``purpose`` enters the store key; where ``images`` changes what is sent, it names how.
        Never raises for what the model or the data of this one case did wrong: that is an
        outcome.  Raises ``StoreError`` if answers cannot be kept.
        """
        wanted = Wanted(case=case, repeat=repeat, purpose=purpose, images=images)
        if wanted.name not in self._attempts:
            self._attempts[wanted.name] = self._ahead.get(wanted)
        return self._attempts[wanted.name]

    @cached_property
    def _ahead(self) -> Ahead:
        from pytest_pet2rep.run.ahead import ahead_for

        return ahead_for(self.provider, self._maker)

    def get_ready(self, first: Wanted) -> None:
        """Load what the first report needs, before any worker begins."""
        self._ahead.get_ready(first)

    def expect(self, coming: Sequence[Wanted]) -> None:
        """Say which reports will be asked for next: they may be made ahead."""
        self._ahead.expect([one for one in coming if one.name not in self._attempts])

    def slot(self) -> AbstractContextManager[None]:
        """Wait for the right to have one more request under way, and hold it meanwhile."""
        return self._slots.one()

    def open_service(self) -> None:
        """Make sure, once per run, that what stands behind the model is there.

        It is shown a case of this shard, and of no other.  Raises ``UsageProblem`` if it is not
        there, unless every report of the shard lies in the store.
        """
        from pytest_pet2rep.models.provider import open_service

        mine = tuple(self.load(path) for path in self.shard_files)
        try:
            self.service = open_service(self.provider, lambda: self._maker.example(mine))
        except UsageProblem:
            if not all(self.found(case) for case in mine):
                raise

    def found(self, case: Case, repeat: int = 0) -> Attempt | None:
        """Return the report that the store, or the file of outputs, already has; never generate.

        Raises ``StoreError`` if the store cannot be read.
        """
        wanted = Wanted(case=case, repeat=repeat)
        return self._attempts.get(wanted.name) or self._maker.find(wanted)

    def assess(self, case: Case, repeat: int = 0) -> Assessment:
        """Return the report of ``case`` beside its reference, worked out once."""
        wanted = (case.cohort, case.id, repeat)
        if wanted not in self._assessments:
            self._assessments[wanted] = self.assessed(case, self.attempt(case, repeat))
        return self._assessments[wanted]

    def assessed(self, case: Case, attempt: Attempt) -> Assessment:
        """Return one report of ``case`` beside its reference."""
        return assess(
            case,
            attempt,
            language=self.language_of(case),
            section=self.settings.section,
            profile=self.profile,
        )

    def controls_of(self, case_id: str) -> tuple[str, ...]:
        """Return the controls that are tried on a case of this run."""
        return self._controls.get(case_id, ())

    @property
    def control_count(self) -> int:
        """How many items ask for a report again, over all cases of the run."""
        return sum(map(len, self._controls.values()))

    @cached_property
    def _controls(self) -> Mapping[str, tuple[str, ...]]:
        from pytest_pet2rep.run.control_plan import planned_controls

        settings = self.settings
        if not (settings.aa or settings.controls):
            return {}
        return planned_controls(settings, [path.parent.name for path in self.case_files])

    def settle(self) -> None:
        """Begin nothing more, and let arrive what was sent: another worker may wait for it."""
        ahead = self.__dict__.get("_ahead")
        if ahead is not None:
            ahead.stop()
            ahead.join(None)

    def close(self) -> None:
        """Stop what is being made ahead, and free the model, if it was loaded."""
        ahead = self.__dict__.get("_ahead")
        if ahead is not None:
            ahead.stop()
        if "provider" in self.__dict__:
            self.provider.close()
        if ahead is not None:
            ahead.join()
        if self._apart is not None:
            self._apart.close()
