"""YAML that people write: keys that stand twice are errors."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import yaml


class UniqueKeyLoader(yaml.SafeLoader):
    """Loads plain values; of two equal keys it takes neither."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """Build a mapping whose keys are unique."""
        check_keys_unique(node)
        return super().construct_mapping(node, deep)


def check_keys_unique(node: yaml.MappingNode) -> None:
    """Raise `ConstructorError` for two equal keys, with both lines."""
    line_of: dict[str, int] = {}
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode):
            continue
        line = key.start_mark.line + 1
        if key.value in line_of:
            raise yaml.constructor.ConstructorError(
                problem=f"{key.value} stands twice, on the lines {line_of[key.value]} and {line}; remove one"
            )
        line_of[key.value] = line


def load_yaml(text: str) -> Any:
    """Load plain values from YAML.

    Raises:
        yaml.YAMLError: The text is no YAML, a key stands twice in a mapping, or it asks for anything but plain values.

    >>> load_yaml("a: 1")
    {'a': 1}
    """
    return yaml.load(text, Loader=UniqueKeyLoader)
