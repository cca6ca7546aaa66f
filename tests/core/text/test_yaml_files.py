"""YAML whose keys may not stand twice."""

from __future__ import annotations

import pytest
import yaml

from unpool.core.text.yaml_files import check_keys_unique, load_yaml


def test_plain_values_are_loaded() -> None:
    assert load_yaml("a: [1, {b: c}]") == {"a": [1, {"b": "c"}]}


@pytest.mark.parametrize("text", ["a: 1\nb: 2\na: 3", "x:\n  a: 1\n  b: 2\n  a: 3"])
def test_a_key_that_stands_twice_is_an_error_at_any_depth(text: str) -> None:
    with pytest.raises(yaml.YAMLError, match=r"a stands twice, on the lines \d and \d; remove one"):
        load_yaml(text)


def test_keys_of_different_mappings_are_different() -> None:
    check_keys_unique(yaml.MappingNode("", []))
    assert load_yaml("- a: 1\n- a: 2") == [{"a": 1}, {"a": 2}]


def test_code_is_refused() -> None:
    with pytest.raises(yaml.YAMLError, match="could not determine a constructor"):
        load_yaml("a: !!python/object/apply:os.system [ls]")
