"""Marks the root of the checkout for pytest.

``pytester`` is switched on in ``pyproject.toml``: naming it here would break every benchmark run
that collects the shipped cases of a checkout from another folder.
"""

collect_ignore = ["benchmarks"]
