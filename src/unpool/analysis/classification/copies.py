"""Copies among labelled images.

One that is held out is known from the others already: figures would be too good.
"""

from __future__ import annotations

from collections.abc import Iterable


def first_of_copies(contents: Iterable[object], names: Iterable[object]) -> list[int]:
    """Find the first image of each content and name.

    Args:
        contents: What is the same for copies; None where it is not known, which is like no other.
        names: The label of each image: copies with different ones all count.

    Returns:
        Their places, rising.

    >>> first_of_copies(["a", "b", "a", "a", None, None], ["cat", "cat", "cat", "dog", "cat", "cat"])
    [0, 1, 3, 4, 5]
    """
    places: list[int] = []
    known: set[tuple[object, object]] = set()
    for place, (content, name) in enumerate(zip(contents, names, strict=True)):
        if content is None or (content, name) not in known:
            places.append(place)
            known.add((content, name))
    return places
