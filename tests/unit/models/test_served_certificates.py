"""``openai/`` and a server whose certificate nobody has signed, over real TLS."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_pet2rep.errors import UsageProblem
from pytest_pet2rep.models.openai.provider import ServedModel
from pytest_pet2rep.models.provider import generate_one, open_service
from pytest_pet2rep.models.registry import ProviderSettings, load_provider
from tests.chat_server import chat_server
from tests.model_inputs import a_request

pytest.importorskip("openai")
pytestmark = [
    pytest.mark.timeout(60),
    pytest.mark.skipif(shutil.which("openssl") is None, reason="makes certificates with openssl"),
]


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    path = tmp_path / "server.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=here"),
            *("-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", str(path.with_suffix(".key")), "-out", str(path)),
        ],
        check=True,
        capture_output=True,
    )
    return path


@pytest.fixture
def model(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ServedModel]:
    """A model behind a server with that certificate, which nothing trusts as yet."""
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_suffix(".key"))
    with chat_server() as server:
        server.http.socket = context.wrap_socket(server.http.socket, server_side=True)
        url = server.url.replace("http:", "https:")
        given = {"base_url": url, "probe": "off", "retries": "0"}
        opened = load_provider("openai/m", ProviderSettings(model_args=given))
        assert isinstance(opened, ServedModel)
        yield opened
        opened.close()


def test_a_certificate_that_is_not_trusted_ends_the_run_and_says_what_to_do(
    model: ServedModel,
) -> None:
    said = "the certificate of https://127.0.0.1.* is not trusted .*self.signed.*: .*SSL_CERT_FILE"
    with pytest.raises(UsageProblem, match=said):
        open_service(model, lambda: None)
    with pytest.raises(UsageProblem, match=said):
        generate_one(model, a_request("A"))


def test_with_its_file_named_the_server_is_trusted(
    model: ServedModel, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    open_service(model, lambda: None)
    assert generate_one(model, a_request("A")).raw


def test_a_file_without_a_certificate_is_said(
    model: ServedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "nowhere.pem"))
    with pytest.raises(UsageProblem, match=r"SSL_CERT_FILE=.*nowhere\.pem holds no certificate"):
        open_service(model, lambda: None)


def test_without_tls_no_certificate_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "nowhere.pem"))
    with chat_server() as server:
        given = {"base_url": server.url, "probe": "off"}
        model = load_provider("openai/m", ProviderSettings(model_args=given))
        assert generate_one(model, a_request("A")).raw
        model.close()
