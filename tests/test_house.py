"""The house rules that can be counted."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from support import house
from support.house import House, count, expected_test, functions, is_untyped


@pytest.fixture(scope="module")
def counted() -> House:
    return count()


# Of all arguments, those that are typed `Any` or `dict[str, Any]`.
MAX_ANY_SHARE = 0.02


def test_folders_stay_small(counted: House) -> None:
    assert counted.folders == []


def test_functions_fit_a_screen(counted: House) -> None:
    assert counted.functions == []


def test_signatures_stay_short(counted: House) -> None:
    assert counted.signatures == []


def test_arguments_have_types(counted: House) -> None:
    assert counted.any_share <= MAX_ANY_SHARE, "\n".join(counted.untyped)


def test_every_file_has_its_test(counted: House) -> None:
    assert counted.untested == []


def constant_of_conftest(name: str) -> tuple[str, ...]:
    tree = ast.parse((house.TESTS / "conftest.py").read_text("utf-8"))
    (places,) = [
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name
    ]
    return tuple(places)


def test_what_the_quick_tests_leave_out_is_there() -> None:
    places = constant_of_conftest("INTEGRATION")
    assert [place for place in places if not (house.TESTS / place).exists()] == []
    assert places == tuple(sorted(places))


def test_what_is_left_to_the_longer_run_is_there_and_run() -> None:
    """Of which conftest.py makes sure that each name is that of a test."""
    places = constant_of_conftest("HEAVY")
    assert places == tuple(sorted(places))
    assert [place for place in places if not (house.TESTS / place.split("::")[0]).is_file()] == []
    assert '-m "heavy and not slow" tests\n' in (house.TESTS.parent / ".ci" / "run").read_text("utf-8")


CODE = """
class Box:
    def __init__(self, a: Any, *rest: int, b: "list[Any]" = ()) -> None:
        def inner(value, keys: dict[str, Any] | None): ...
"""


def test_what_is_counted() -> None:
    found = dict(functions(ast.parse(CODE)))
    assert list(found) == ["Box.__init__", "Box.__init__.inner"]
    arguments = [argument for function in found.values() for argument in house.arguments(function)]
    assert [argument.arg for argument in arguments] == ["a", "b", "rest", "value", "keys"]
    assert [is_untyped(argument) for argument in arguments] == [True, False, False, True, True]


def test_what_is_above_a_limit_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "src" / "unpool"
    (source / "room").mkdir(parents=True)
    (source / "__init__.py").write_text('__all__ = ["verb"]\n')
    many = ", ".join(f"x{number}: int" for number in range(house.MAX_PARAMETERS + 1))
    body = "    x0 += 1\n" * house.MAX_LINES
    (source / "room" / "long.py").write_text(f"def long({many}) -> None:\n{body}\ndef verb({many}): ...\n")
    (source / "room" / "bare.py").write_text('"""Only names."""\n\nX = 1\n')
    for number in range(house.MAX_FILES):
        (source / "room" / f"f{number}.py").write_text("def f(x: Any) -> None: ...\n")
    monkeypatch.setattr(house, "SOURCE", source)
    monkeypatch.setattr(house, "ROOT", tmp_path)
    monkeypatch.setattr(house, "TESTS", tmp_path / "tests")
    found = house.count()
    assert found.folders == [f"unpool/room: {house.MAX_FILES + 2} files"]
    assert found.functions == [f"room/long.py:1 long: {house.MAX_LINES + 1} lines"]
    assert found.signatures == [f"room/long.py:1 long: {house.MAX_PARAMETERS + 1} parameters"]
    assert len(found.untyped) == house.MAX_FILES
    assert len(found.untested) == house.MAX_FILES + 2
    assert expected_test(source / "room" / "long.py") == tmp_path / "tests" / "room" / "test_long.py"
