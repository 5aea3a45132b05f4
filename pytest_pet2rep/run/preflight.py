"""What can be wrong is found before the first report is made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_pet2rep.models.request import decoding_profile
from pytest_pet2rep.run.controls import check_controllable

if TYPE_CHECKING:
    from pytest_pet2rep.run.runtime import Runtime


def check_run(runtime: Runtime) -> None:
    """Check everything that can be wrong before the first report, cheaply.

    Raises ``CaseFileError`` for a wrong case, ``UsageProblem`` for an unknown name, a missing
    package, or a metric that fails its self-test.
    """
    decoding_profile(runtime.settings.decoding)
    for language in sorted({runtime.language_of(case) for case in runtime.cases()}):
        runtime.metrics_for(language)
        runtime.prompt_for(language)
    runtime.provider.name  # noqa: B018 (opens the provider)
    check_controllable(runtime)
    runtime.profile  # noqa: B018 (loads the organ list)
    runtime.view_options  # noqa: B018 (checks its arguments)
