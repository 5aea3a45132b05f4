"""Loading of processors: without torchvision too, and with the arguments that a user gave."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from pytest_pet2rep.errors import UnknownName, UsageProblem
from pytest_pet2rep.models.hf.arguments import CHAT_TEMPLATE, PROCESSOR, Arguments


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


def fit_for_batches(processor: Any) -> None:
    """Pad on the left, so that every text of a batch goes on where its prompt ends."""
    tokenizer = processor.tokenizer
    tokenizer.padding_side = "left"
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token


def check_arguments(processor: Any, arguments: Arguments) -> None:
    """Raise ``UnknownName`` for what the processor or its chat template would silently ignore."""
    known = getattr(getattr(processor.image_processor, "valid_kwargs", None), "__annotations__", {})
    for key in arguments.processor:
        if known and key not in known and not hasattr(processor, key):
            raise UnknownName("model argument", PROCESSOR + key, [PROCESSOR + k for k in known])
    if not arguments.chat_template:
        return
    used = [CHAT_TEMPLATE + name for name in _template_variables(processor)]
    for key in arguments.chat_template:
        if CHAT_TEMPLATE + key not in used:
            raise UnknownName(
                "model argument", CHAT_TEMPLATE + key, used, "(variables of the chat template)"
            )


def _template_variables(processor: Any) -> frozenset[str]:
    from jinja2 import TemplateSyntaxError, meta
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    template = processor.chat_template or processor.tokenizer.chat_template
    if isinstance(template, dict):
        template = template.get("default", "")
    try:
        environment = ImmutableSandboxedEnvironment(extensions=["jinja2.ext.loopcontrols"])
        tree = environment.parse(template or "")
    except TemplateSyntaxError as why:
        raise UsageProblem(f"the chat template of the model is no template: {why}") from why
    return frozenset(meta.find_undeclared_variables(tree))


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
