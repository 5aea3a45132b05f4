"""Keys from the environment never get into what is said of an error."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from pytest_pet2rep.errors import GenerationFailed, UsageProblem
from pytest_pet2rep.models.provider import generate_one
from pytest_pet2rep.models.registry import load_provider
from pytest_pet2rep.models.secrets import without_secrets
from tests.model_inputs import a_request

KEY = "sk-0123456789abcdef"


def test_values_of_secrets_are_struck_out_the_longest_first() -> None:
    environment = {
        "HF_TOKEN": "hf_longsecret",
        "my_api_key": "hf_longsecret-and-more",
        "HOME": "/h",
    }
    said = "401 for hf_longsecret-and-more at /h, not hf_longsecret"
    assert without_secrets(said, environment) == "401 for *** at /h, not ***"


def test_short_values_and_other_variables_stay() -> None:
    environment = {"SORT_KEY": "name", "KEYBOARD": "qwertyuiop", "PATH": "/usr/local/bin"}
    said = "name qwertyuiop /usr/local/bin"
    assert without_secrets(said, environment) == said


@pytest.mark.parametrize(
    "code",
    [
        "def make(): return lambda request: fail()\n",
        "async def generate(request): fail()\ndef make(): return generate\n",
        "def make(): fail()\n",
        "fail()\ndef make(): pass\n",
    ],
)
def test_an_error_of_a_users_model_does_not_show_its_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    monkeypatch.setenv("VENDOR_API_KEY", KEY)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "leaky", raising=False)
    failing = f"def fail(): raise RuntimeError('401: bad key {KEY}')\n"
    (tmp_path / "leaky.py").write_text(failing + code)
    with pytest.raises((GenerationFailed, UsageProblem)) as caught:
        generate_one(load_provider("py/leaky:make"), a_request())
    assert "bad key ***" in str(caught.value)
    assert KEY not in str(caught.value)
    sys.modules.pop("leaky", None)
