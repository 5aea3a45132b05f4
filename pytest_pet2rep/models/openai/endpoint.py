"""Which server is asked, with which key, and whether patient data may go there."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from pytest_pet2rep.errors import UsageProblem
from pytest_pet2rep.models.provider import ProviderSettings
from pytest_pet2rep.models.registry import ModelSpec

ARGUMENTS = (
    "api_key_env", "base_url", "extensions", "probe", "retries", "timeout", "token_limit",
)  # fmt: skip
"""Model arguments of ``openai/``."""
_VENDOR = "https://api.openai.com/v1"
_TOKEN_LIMITS = ("max_tokens", "max_completion_tokens")
_SWITCH = {"on": True, "off": False}


@dataclass(frozen=True, kw_only=True, slots=True)
class Endpoint:
    """A server and how it is to be asked."""

    base_url: str
    api_key: str = field(repr=False)
    local: bool
    """The server is on this machine: requests never leave it."""
    proxied: bool
    """A proxy of the environment is used: never for this machine, nor where it could read private
    cases (it sees all that goes to an ``http`` address, and only the host of an ``https`` one)."""
    timeout: float
    """Seconds for one report, every retry included."""
    retries: int
    token_limit: str
    """Name of the parameter that limits the length of an answer."""
    extensions: bool
    """Send ``top_k`` too, which the protocol does not have but inference servers take."""
    probe: bool

    def without_key(self, text: str) -> str:
        """``text`` with the key struck out, for messages that quote a server."""
        return text.replace(self.api_key, "***") if len(self.api_key) > 4 else text


def find_endpoint(spec: ModelSpec, settings: ProviderSettings) -> Endpoint:
    """Read the arguments and the environment; nothing is sent.

    The server is the argument ``base_url``, else ``OPENAI_BASE_URL``, else the vendor's; the key
    comes from the environment only.  Raises ``UsageProblem`` for an address that is none, and
    for one to which private cases may not go.
    """
    arguments = settings.arguments(spec.provider, ARGUMENTS)
    base_url = arguments.get("base_url") or os.environ.get("OPENAI_BASE_URL") or _VENDOR
    host = _host_of(base_url, spec)
    local = _is_loopback(host)
    if not local:
        _check_may_leave(host, spec, settings)
    return Endpoint(
        base_url=base_url,
        api_key=os.environ.get(arguments.get("api_key_env", "OPENAI_API_KEY")) or "none",
        local=local,
        proxied=not local and not (settings.private and urlsplit(base_url).scheme == "http"),
        timeout=_number(arguments, "timeout", 600.0),
        retries=int(_number(arguments, "retries", 5)),
        token_limit=_one_of(arguments, "token_limit", _TOKEN_LIMITS),
        extensions=_SWITCH[_one_of(arguments, "extensions", tuple(_SWITCH))],
        probe=_SWITCH[_one_of(arguments, "probe", tuple(_SWITCH))],
    )


def _host_of(base_url: str, spec: ModelSpec) -> str:
    try:
        parts = urlsplit(base_url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or parts.scheme not in ("http", "https"):
        raise UsageProblem(
            f"{spec}: {base_url!r} is no address of a server; it looks like http://localhost:8000/v1"
        )
    if parts.username or parts.password:
        raise UsageProblem(
            f"{spec}: an address may hold no user name or password; put the key into the "
            f"environment variable OPENAI_API_KEY"
        )
    return host


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _check_may_leave(host: str, spec: ModelSpec, settings: ProviderSettings) -> None:
    if settings.offline:
        raise UsageProblem(
            f"{spec}: --pet2rep-offline lets nothing leave this machine, and {host} is another one"
        )
    if settings.private and host not in settings.allowed_hosts:
        raise UsageProblem(
            f"{spec}: the cohort is private and {host} is not this machine; if its images and "
            f"reports may go there, say --pet2rep-allow-remote={host}"
        )


def _number(arguments: Mapping[str, str], name: str, default: float) -> float:
    try:
        value = float(arguments.get(name, default))
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise UsageProblem(f"the model argument {name}={arguments[name]} is no number from 0")
    return value


def _one_of(arguments: Mapping[str, str], name: str, known: tuple[str, ...]) -> str:
    value = arguments.get(name, known[0])
    if value not in known:
        raise UsageProblem(f"the model argument {name}={value} is none of {', '.join(known)}")
    return value
