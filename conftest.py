"""pytester for the project's own tests; nothing else."""

pytest_plugins = ["pytester"]
