"""What goes into a page besides markup: data for the script, and digests for the policy."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

from markupsafe import Markup

_ESCAPES = tuple((c, f"\\u{ord(c):04x}") for c in "<>&\u2028\u2029")


def json_block(value: Any) -> Markup:
    """Return ``value`` as JSON that no HTML parser can leave: without ``<``, ``>`` and ``&``.

    For ``<script type="application/json">``, whose content is never run.  Halves of surrogate
    pairs, which are no UTF-8, are escaped too.
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for character, escape in _ESCAPES:
        text = text.replace(character, escape)
    encoded = text.encode("utf-8", "surrogatepass")
    if b"\xed" in encoded:
        text = "".join(f"\\u{ord(c):04x}" if 0xD800 <= ord(c) <= 0xDFFF else c for c in text)
    return Markup(text)


def policy_hash(text: str) -> str:
    """Return the source expression by which a Content-Security-Policy allows an inline block."""
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"sha256-{base64.b64encode(digest).decode('ascii')}"
