"""YAML that people write: keys that stand twice are errors."""

from __future__ import annotations

import re
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


class _TextLoader(yaml.BaseLoader):
    """Loads every value as text, but for nothing, which is None; of two equal keys it takes neither."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        check_keys_unique(node)
        return super().construct_mapping(node, deep)


_NULL = "tag:yaml.org,2002:null"
_TextLoader.add_implicit_resolver(_NULL, re.compile("^(~|null|Null|NULL|)$"), ["~", "n", "N", ""])
_TextLoader.add_constructor(_NULL, lambda loader, node: None)


def load_yaml(text: str) -> Any:
    """Load plain values from YAML.

    Raises:
        yaml.YAMLError: The text is no YAML, a key stands twice in a mapping, values are nested too deeply, or it asks
            for anything but plain values.

    >>> load_yaml("a: 1")
    {'a': 1}
    """
    return _load(text, UniqueKeyLoader)


def load_yaml_texts(text: str) -> Any:
    """Load YAML whose numbers and words stay as written.

    Raises:
        yaml.YAMLError: As `load_yaml` does.

    >>> load_yaml_texts("no: 007")
    {'no': '007'}
    """
    return _load(text, _TextLoader)


def _load(text: str, loader: type[yaml.SafeLoader | yaml.BaseLoader]) -> Any:
    try:
        return yaml.load(text, Loader=loader)
    except RecursionError:
        raise yaml.YAMLError("values are nested too deeply") from None


def describe_error(error: Exception) -> str:
    """Say in a line what is wrong in YAML.

    >>> try:
    ...     load_yaml("a: 1\\nb: [")
    ... except yaml.YAMLError as error:
    ...     describe_error(error)
    "line 2: expected the node content, but found '<stream end>'"
    """
    mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None)
    reason = problem or " ".join(str(error).split()) or type(error).__name__
    return f"line {mark.line + 1}: {reason}" if mark else reason
