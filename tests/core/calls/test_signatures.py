"""A wrong call says which name is meant, what is missing and what is too much."""

from __future__ import annotations

import inspect

import pytest

from unpool.core.calls.signatures import explain_calls, wrong_call
from unpool.errors import UsageError


@explain_calls
def draw(image: str, size: int = 3, *, colour: str = "red") -> tuple[str, int, str]:
    """Draw."""
    return image, size, colour


class Brush:
    @explain_calls
    def __init__(self, width: int) -> None:
        self.width = width

    @explain_calls
    def paint(self, image: str) -> str:
        return image * self.width


def test_a_right_call_goes_through_and_keeps_its_signature() -> None:
    assert draw("a", colour="blue") == ("a", 3, "blue")
    assert Brush(width=2).paint("x") == "xx"
    assert list(inspect.signature(draw).parameters) == ["image", "size", "colour"]
    assert list(inspect.signature(Brush).parameters) == ["width"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: draw("a", color="b"), "draw(color='b'): no option color; did you mean colour?"),
        (lambda: draw("a", x=1), "draw(x=1): no option x; it has image, size, colour"),
        (lambda: draw(), "draw: image is missing; give image=…"),
        (
            lambda: draw("a", 1, 2),
            "draw: 3 values by position, but it takes 2 (image, size); give the others by name",
        ),
        (lambda: draw("a", image="b"), "draw: image is given twice; give it once"),
        (lambda: Brush(widht=1), "Brush(widht=1): no option widht; did you mean width?"),
        (lambda: Brush(), "Brush: width is missing; give width=…"),
        (
            lambda: Brush(1).paint("a", "b"),
            "Brush.paint: 2 values by position, but it takes 1 (image); give the others by name",
        ),
    ],
)
def test_a_wrong_call_says_what_is_right(call: object, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        call()  # type: ignore[operator]
    assert str(caught.value) == message


def test_a_type_error_inside_the_function_is_none_of_its_callers() -> None:
    @explain_calls
    def fail(value: int) -> int:
        return value + "a"  # type: ignore[operator]

    with pytest.raises(TypeError, match="unsupported operand"):
        fail(1)


def test_a_long_value_is_cut() -> None:
    error = wrong_call("f", [], (), {"x": list(range(1000))})
    assert len(str(error)) < 90
