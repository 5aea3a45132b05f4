"""Loading of model and processor; everything here imports torch and transformers on call."""

from __future__ import annotations

import contextlib
import importlib
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

from pytest_pet2rep.errors import MissingDependency, UsageProblem
from pytest_pet2rep.models.hf.arguments import Arguments
from pytest_pet2rep.models.hf.processors import check_arguments, fit_for_batches, load_processor
from pytest_pet2rep.models.hf.source import Source, refuse_pickled_weights
from pytest_pet2rep.models.registry import ModelSpec
from pytest_pet2rep.models.secrets import without_secrets

_SAMPLING = (
    "temperature", "top_k", "top_p", "min_p", "typical_p", "repetition_penalty", "num_beams",
    "max_length", "max_new_tokens", "min_length", "no_repeat_ngram_size", "penalty_alpha",
)  # fmt: skip
"""What a model's own generation config may set and the decoding profile alone decides."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Loaded:
    """A model in evaluation mode with its processor (classes of the transformers library)."""

    model: Any
    processor: Any
    device: Any
    """``torch.device`` that inputs go to."""
    template_variables: Mapping[str, Any] = field(default_factory=dict)
    """Variables that the chat template gets besides the conversation."""


def need_libraries(spec: ModelSpec) -> None:
    """Raise ``MissingDependency`` or ``UsageProblem`` without importing anything heavy."""
    for package in ("torch", "transformers"):
        if find_spec(package) is None:
            raise MissingDependency(f"{spec.provider}/", package, "hf")
    from importlib.metadata import version

    if int(version("transformers").partition(".")[0]) < 5:
        raise UsageProblem(
            f"{spec} needs transformers 5 or newer; {version('transformers')} is installed: "
            f"pip install 'pytest-pet2rep[hf]'"
        )


def load(
    spec: ModelSpec, source: Source, arguments: Arguments, *, trust_remote_code: bool
) -> Loaded:
    """Load safetensors weights and the processor.

    Raises ``UsageProblem`` for whatever keeps the model from being loaded.
    """
    where: dict[str, Any] = {"local_files_only": source.local_files_only}
    if source.commit:
        where["revision"] = source.commit
    where["trust_remote_code"] = trust_remote_code
    _check_torchvision(spec)
    with quiet():
        device = None if arguments.device_map else _device(arguments.device)
        try:
            processor = load_processor(source.name, {**where, **arguments.processor})
            check_arguments(processor, arguments)
            model = _model(source.name, where, arguments, device)
        except UsageProblem:
            raise
        except Exception as why:
            refuse_pickled_weights(spec, source)
            raise UsageProblem(f"{spec}: the model cannot be loaded: {told(why)}") from why
    fit_for_batches(processor)
    for name in _SAMPLING:
        if hasattr(model.generation_config, name):
            setattr(model.generation_config, name, None)
    model.generation_config.do_sample = False
    return Loaded(
        model=model.eval(),
        processor=processor,
        device=model.device,
        template_variables=arguments.chat_template,
    )


def _check_torchvision(spec: ModelSpec) -> None:
    """A torchvision that does not fit torch breaks every model class of transformers."""
    if find_spec("torchvision") is None:
        return
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            importlib.import_module("torchvision")
    except Exception as why:
        raise UsageProblem(
            f"{spec}: the installed torchvision does not work ({told(why)}); install the one that "
            f"fits torch, or remove it, it is not needed: pip uninstall torchvision"
        ) from why


def _model(name: str, where: Mapping[str, Any], arguments: Arguments, device: Any) -> Any:
    from transformers import AutoConfig, AutoModelForImageTextToText

    options: dict[str, Any] = {**where, "dtype": _dtype(arguments.dtype)}
    if arguments.attn_implementation:
        options["attn_implementation"] = arguments.attn_implementation
    config = AutoConfig.from_pretrained(name, **where)
    if arguments.device_map or getattr(config, "quantization_config", None) is not None:
        # Quantised weights cannot be moved once they are loaded: they are loaded into place.
        options["device_map"] = arguments.device_map or {"": device}
        _need_accelerate(arguments)
        device = None
    model = AutoModelForImageTextToText.from_pretrained(name, use_safetensors=True, **options)
    return model if device is None else model.to(device)


def _need_accelerate(arguments: Arguments) -> None:
    if find_spec("accelerate") is None:
        what = "the model argument device_map" if arguments.device_map else "a quantised model"
        raise UsageProblem(
            f"{what} needs the package 'accelerate', which is not installed: pip install accelerate"
        )


def _dtype(name: str) -> Any:
    if name == "auto":
        return name
    import torch

    return getattr(torch, name)


def _device(name: str) -> Any:
    """A device by name; ``auto`` is the first CUDA device, else the CPU."""
    import torch

    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        return torch.device(name)
    except RuntimeError as why:
        raise UsageProblem(f"the model argument device={name} is no device: {told(why)}") from why


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep the libraries' progress bars and warnings out of a test run."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from transformers.utils import logging

        showed_bars, level = logging.is_progress_bar_enabled(), logging.get_verbosity()
        logging.disable_progress_bar()
        logging.set_verbosity_error()
        try:
            yield
        finally:
            logging.set_verbosity(level)
            if showed_bars:
                logging.enable_progress_bar()


def told(why: BaseException) -> str:
    """Type and first paragraph of a library's error, on one line."""
    text = " ".join(str(why).strip().partition("\n\n")[0].split())
    return without_secrets(f"{type(why).__name__}: {text}")[:400]
