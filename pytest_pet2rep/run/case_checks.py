"""What a case must have for this run, beyond being a well-formed file; joins several rooms."""

from __future__ import annotations

from pytest_pet2rep.errors import CaseFileError
from pytest_pet2rep.types import Case, Language


def check_case(case: Case, language: Language) -> None:
    """Raise ``CaseFileError`` if ``case`` cannot be scored in ``language`` or its phantom is wrong.

    Costs no image: the phantom table is only parsed.
    """
    path = case.folder / "case.toml"
    if language not in case.references:
        raise CaseFileError(
            f"there is no reference report in {language}: add report.{language}.txt or choose "
            f"another --pet2rep-language",
            path,
        )
    if case.images.phantom is not None:
        from pytest_pet2rep.cohorts.positions import locate
        from pytest_pet2rep.phantom.spec import PhantomError, parse_phantom

        try:
            parse_phantom(case.images.phantom)
        except PhantomError as why:
            key = f"phantom.{why.key}" if why.key else "phantom"
            raise CaseFileError(why.problem, path, locate(path, key), key) from why
