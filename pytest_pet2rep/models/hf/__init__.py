"""``hf/NAME-OR-PATH[@REVISION]``: vision-language models through the transformers library."""
