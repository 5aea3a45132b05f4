"""``vllm/NAME-OR-PATH[@REVISION]``: the offline engine of vLLM in this process."""
