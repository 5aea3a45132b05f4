"""``openai/NAME``: any server that speaks the OpenAI chat completions protocol."""
