"""Where the weights are, and what they are known by."""

from __future__ import annotations

import hashlib
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_pet2rep.cachefolder import cache_folder
from pytest_pet2rep.errors import UsageProblem
from pytest_pet2rep.models.provider import ProviderSettings
from pytest_pet2rep.models.registry import ModelSpec
from pytest_pet2rep.models.secrets import without_secrets

if TYPE_CHECKING:
    from huggingface_hub import HFCacheInfo

_DECIDING = frozenset({".safetensors", ".json", ".jinja", ".model", ".txt", ".tiktoken", ".py"})
"""Suffixes of the files of a model folder that decide what it answers."""
_WORTH_REMEMBERING = 1 << 20
"""From this size on (bytes) the digest of a file is kept in the cache folder."""
_PICKLED = frozenset({".bin", ".pt", ".pth", ".ckpt", ".pkl"})
_COMMIT = re.compile(r"[0-9a-f]{40}")
_HUB_NAME = re.compile(r"[\w.-]+(?:/[\w.-]+)?")


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """A model folder on this machine, or a repository of the Hugging Face Hub at one commit."""

    name: str
    """Absolute path, or repository name."""
    commit: str = ""
    """Resolved commit of a repository; empty for a folder."""
    local_files_only: bool = False


def identity_of(source: Source) -> str:
    """The commit of a repository, or the digest of a folder (large weights take a while, once)."""
    if source.commit:
        return f"{source.name}@{source.commit}"
    return f"sha256:{folder_digest(Path(source.name))}"


def find_source(spec: ModelSpec, settings: ProviderSettings) -> Source:
    """Find what ``spec`` names, a repository at its commit; nothing is loaded or digested.

    Raises ``UsageProblem`` for a path or repository that is not there, weights that are not
    safetensors, and remote code without a pinned revision.
    """
    if is_path(spec.name):
        return _folder(spec)
    if settings.trust_remote_code and not _COMMIT.fullmatch(spec.revision):
        raise UsageProblem(
            f"{spec}: remote code is run only from a pinned commit: write "
            f"hf/{spec.name}@COMMIT (40 hexadecimal digits), or a local folder"
        )
    return _repository(spec, offline=settings.offline)


def is_path(name: str) -> bool:
    """Whether ``name`` means a folder (it exists, or is written like a path)."""
    return name.startswith(("/", ".", "~")) or Path(name).exists()


def _folder(spec: ModelSpec) -> Source:
    folder = Path(spec.name).expanduser().absolute()
    if spec.revision:
        raise UsageProblem(f"{spec}: a folder has no revision; its digest is taken instead")
    if not folder.is_dir():
        raise UsageProblem(f"{spec}: there is no folder {folder}")
    if not (folder / "config.json").is_file():
        raise UsageProblem(f"{spec}: {folder} has no config.json, so it is no model folder")
    if not any(folder.glob("*.safetensors")):
        raise _only_pickles(spec, str(folder))
    return Source(name=str(folder), local_files_only=True)


def refuse_pickled_weights(spec: ModelSpec, source: Source) -> None:
    """Raise ``UsageProblem`` if a repository at its commit holds no safetensors weights at all.

    Asked only when a model could not be loaded, to say why: the weights that transformers was
    told to look for are safetensors in any case.
    """
    if not source.commit:
        return
    from huggingface_hub import HfApi, scan_cache_dir
    from huggingface_hub.errors import CacheNotFound, HfHubHTTPError

    try:
        names = (
            _cached_files(scan_cache_dir(), source)
            if source.local_files_only or os.environ.get("HF_HUB_OFFLINE")
            else HfApi().list_repo_files(source.name, revision=source.commit)
        )
    except (OSError, ValueError, CacheNotFound, HfHubHTTPError):
        return
    if any(Path(name).suffix in _PICKLED for name in names) and not any(
        name.endswith(".safetensors") for name in names
    ):
        raise _only_pickles(spec, f"the repository {source.name}")


def _cached_files(cache: HFCacheInfo, source: Source) -> list[str]:
    return [
        file.file_name
        for repository in cache.repos
        for revision in repository.revisions
        if repository.repo_id == source.name and revision.commit_hash == source.commit
        for file in revision.files
    ]


def _only_pickles(spec: ModelSpec, place: str) -> UsageProblem:
    return UsageProblem(
        f"{spec}: {place} has no .safetensors weights; other formats can run code when they are "
        f"loaded and are refused"
    )


def folder_digest(folder: Path) -> str:
    """SHA-256 (hexadecimal) over the names and contents of all files that decide an answer."""
    files = sorted(path for path in folder.iterdir() if path.suffix in _DECIDING and path.is_file())
    whole = hashlib.sha256()
    for path in files:
        whole.update(json.dumps([path.name, _file_digest(path)]).encode())
    return whole.hexdigest()


def _file_digest(path: Path) -> str:
    """SHA-256 of a file, remembered by path, size and times if it is large."""
    facts = path.stat()
    if facts.st_size < _WORTH_REMEMBERING:
        return _hashed(path)
    known_by = [str(path.resolve()), facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns]
    key = hashlib.sha256(json.dumps(known_by).encode()).hexdigest()
    remembered = cache_folder("digests") / key
    try:
        digest = remembered.read_text(encoding="ascii")
    except (OSError, ValueError):
        digest = ""
    if len(digest) == 64:
        return digest
    digest = _hashed(path)
    unfinished = remembered.with_name(f"{key}.{os.getpid()}")
    unfinished.write_text(digest, encoding="ascii")
    unfinished.replace(remembered)
    return digest


def _hashed(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _repository(spec: ModelSpec, *, offline: bool) -> Source:
    if not _HUB_NAME.fullmatch(spec.name):
        raise UsageProblem(
            f"{spec}: {spec.name!r} is neither a folder here nor a repository (OWNER/NAME)"
        )
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError

    try:
        config = hf_hub_download(
            spec.name, "config.json", revision=spec.revision or None, local_files_only=offline
        )
    except (OSError, ValueError, HfHubHTTPError) as why:
        raise UsageProblem(
            f"{spec}: the repository cannot be had ({_first_line(why)}); give the path of a "
            f"local folder, or fetch it before: hf download {spec.name}"
        ) from why
    return Source(name=spec.name, commit=_commit_of(Path(config)), local_files_only=offline)


def _commit_of(config: Path) -> str:
    """The commit, which names the snapshot folder in the cache of the hub library."""
    return next(name for name in reversed(config.parts) if _COMMIT.fullmatch(name))


def _first_line(why: BaseException) -> str:
    return without_secrets(f"{type(why).__name__}: {str(why).strip().partition(chr(10))[0]}")
