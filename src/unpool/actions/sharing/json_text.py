"""JSON that is safe inside an HTML page."""

from __future__ import annotations

import json
import math

import numpy as np


def as_json(value: object) -> str:
    r"""Encode a value as ASCII JSON for a script element.

    No string in it can end the element; NaN and infinity become null.

    >>> as_json({"path": "</script>", "score": float("nan")})
    '{"path":"\\u003c/script\\u003e","score":null}'
    """
    text = json.dumps(_finite(value), separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _finite(value: object) -> object:
    if isinstance(value, dict):
        return {str(key): _finite(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(entry) for entry in value]
    if isinstance(value, np.generic):
        return _finite(value.item())
    return None if isinstance(value, float) and not math.isfinite(value) else value
