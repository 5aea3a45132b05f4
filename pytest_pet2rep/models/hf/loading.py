"""Loading of model and processor; everything here imports torch and transformers on call."""

from __future__ import annotations

import contextlib
import importlib
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from types import SimpleNamespace
from typing import Any

from pytest_pet2rep.errors import MissingDependency, UnknownName, UsageProblem
from pytest_pet2rep.models.hf.source import Source
from pytest_pet2rep.models.registry import ModelSpec

ARGUMENTS = ("attn_implementation", "device", "device_map", "dtype")
"""Model arguments of ``hf/``."""
_DTYPES = ("auto", "float32", "bfloat16", "float16")
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
    spec: ModelSpec, source: Source, arguments: Mapping[str, str], *, trust_remote_code: bool
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
        options, device = _options(arguments)
        try:
            processor = load_processor(source.name, where)
            model = _model(source.name, {**where, **options}, device)
        except Exception as why:
            raise UsageProblem(f"{spec}: the model cannot be loaded: {told(why)}") from why
    for name in _SAMPLING:
        if hasattr(model.generation_config, name):
            setattr(model.generation_config, name, None)
    model.generation_config.do_sample = False
    return Loaded(model=model.eval(), processor=processor, device=device or model.device)


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


def _model(name: str, options: Mapping[str, Any], device: Any) -> Any:
    from transformers import AutoModelForImageTextToText

    model = AutoModelForImageTextToText.from_pretrained(name, use_safetensors=True, **options)
    return model if device is None else model.to(device)


def _options(arguments: Mapping[str, str]) -> tuple[dict[str, Any], Any]:
    """What to load the model with, and the device to move it to (``None`` if it is mapped)."""
    options: dict[str, Any] = {"dtype": _dtype(arguments.get("dtype", "auto"))}
    if "attn_implementation" in arguments:
        options["attn_implementation"] = arguments["attn_implementation"]
    if "device_map" not in arguments:
        return options, _device(arguments.get("device", "auto"))
    if find_spec("accelerate") is None:
        raise UsageProblem(
            "the model argument device_map needs the package 'accelerate', which is not "
            "installed: pip install accelerate"
        )
    return {**options, "device_map": arguments["device_map"]}, None


def _dtype(name: str) -> Any:
    if name not in _DTYPES:
        raise UnknownName("dtype", name, _DTYPES)
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


def load_processor(name: str, where: Mapping[str, Any]) -> Any:
    """``AutoProcessor``, or where torchvision is missing the same processor without its video part.

    Processors that also take videos (Qwen2.5-VL, Qwen3-VL, InternVL, SmolVLM) cannot be built by
    transformers 5 without torchvision, which reports never need: images go through Pillow.
    """
    from transformers import AutoProcessor

    try:
        return AutoProcessor.from_pretrained(name, **where)
    except (ImportError, AttributeError, ValueError, OSError) as why:
        image_only = _image_only_class(name, where)
        if image_only is None:
            raise
        try:
            return image_only.from_pretrained(name, **where)
        except Exception:
            raise why from None


def _image_only_class(name: str, where: Mapping[str, Any]) -> Any:
    """The processor class of a model with its video processor left out; ``None`` without one."""
    from transformers import AutoConfig
    from transformers.models.auto.processing_auto import PROCESSOR_MAPPING

    config = AutoConfig.from_pretrained(name, **where)
    if type(config) not in PROCESSOR_MAPPING:
        return None
    whole = PROCESSOR_MAPPING[type(config)]
    parts = whole.get_attributes()
    if "video_processor" not in parts:
        return None
    place = parts.index("video_processor")

    def from_args_and_dict(cls: type, /, args: list[Any], table: Any, **given: Any) -> Any:
        all_args = [*args[:place], None, *args[place:]]
        return whole.from_args_and_dict.__func__(cls, all_args, table, **given)

    changes = {
        "get_attributes": classmethod(lambda cls: parts[:place] + parts[place + 1 :]),
        "from_args_and_dict": classmethod(from_args_and_dict),
        # SmolVLM asks these two of it before it knows that there is no video.
        "video_processor": SimpleNamespace(num_frames=None, fps=None),
        "__module__": whole.__module__,
    }
    return type(whole.__name__, (whole,), changes)


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
    return f"{type(why).__name__}: {text}"[:400]
