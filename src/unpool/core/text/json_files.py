"""JSON that people write: keys that stand twice are errors."""

from __future__ import annotations

import json
from typing import Any


def load_json(text: str) -> Any:
    """Load JSON whose objects have unique keys.

    Raises:
        ValueError: The text is no JSON, a key stands twice in an object, or values are nested too deeply; one line that
            names the line of the text where there is one.

    >>> load_json('{"a": 1}')
    {'a': 1}
    >>> load_json('{"a": 1, "a": 2}')
    Traceback (most recent call last):
    ValueError: 'a' stands twice in an object; remove one
    """
    try:
        return json.loads(text, object_pairs_hook=_unique)
    except json.JSONDecodeError as error:
        raise ValueError(f"line {error.lineno}: {error.msg}") from None
    except RecursionError:
        raise ValueError("values are nested too deeply") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    held: dict[str, Any] = {}
    for key, value in pairs:
        if key in held:
            raise ValueError(f"{key!r} stands twice in an object; remove one")
        held[key] = value
    return held
