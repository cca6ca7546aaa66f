"""YAML whose keys may not stand twice."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import yaml

from unpool.core.text.yaml_files import check_keys_unique, describe_error, load_yaml, load_yaml_texts


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


def test_texts_stay_as_they_are_written() -> None:
    text = "no: 007\nyes: ~\nx: [1.50, 0x10, on, 2020-01-01, '']\ny:"
    assert load_yaml_texts(text) == {
        "no": "007", "yes": None, "x": ["1.50", "0x10", "on", "2020-01-01", ""], "y": None,
    }  # fmt: skip
    with pytest.raises(yaml.YAMLError, match="1 stands twice, on the lines 1 and 2"):
        load_yaml_texts("1: road\n1: car")


@pytest.mark.parametrize("load", [load_yaml, load_yaml_texts])
def test_deep_nesting_is_an_error_like_others(load: Callable[[str], object]) -> None:
    with pytest.raises(yaml.YAMLError, match="nested too deeply"):
        load("[" * 20_000)


def test_errors_are_one_line_with_that_of_the_file() -> None:
    for text, message in (("a: b: c", "line 1: mapping values"), ("a: 1\na: 2", "a stands twice, on")):
        with pytest.raises(yaml.YAMLError) as caught:
            load_yaml(text)
        assert describe_error(caught.value).startswith(message)
        assert "\n" not in describe_error(caught.value)
