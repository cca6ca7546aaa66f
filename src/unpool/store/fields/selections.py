"""Selections of images that were saved by name.

They are a field of tags, so that they follow images that move, can be undone, and are exported as all fields are.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from unpool.errors import UsageError
from unpool.store.fields.kinds import Value
from unpool.store.fields.values import Values, find_field, read_field

SELECTIONS = "selections"
MAX_NAME_LENGTH = 100


def read_selections(work: Path) -> dict[str, list[str]]:
    """Read the images of each saved selection, by name."""
    found: dict[str, list[str]] = {}
    for path, names in _tags(work).items():
        for name in names:
            found.setdefault(name, []).append(path)
    return dict(sorted(found.items()))


def values_with(work: Path, name: str, paths: Sequence[str]) -> Values:
    """Say what the field holds once a selection is saved.

    Args:
        work: The workspace.
        name: Of the selection; one of this name is replaced.
        paths: The images; none forgets the selection.

    Returns:
        The new value of each image that changes.

    Raises:
        UsageError: The name is empty, too long or more than a line.
    """
    checked, tags, chosen = check_selection_name(name), _tags(work), set(paths)
    values: dict[str, Value | None] = {}
    for path in {*tags, *chosen}:
        before = tags.get(path, [])
        after = [tag for tag in before if tag != checked] + ([checked] if path in chosen else [])
        if sorted(after) != sorted(before):
            values[path] = after or None
    return values


def check_selection_name(name: str) -> str:
    """Return the name without blanks around it.

    Raises:
        UsageError: It is empty, too long or more than a line.
    """
    stripped = name.strip()
    if not stripped or len(stripped) > MAX_NAME_LENGTH or not stripped.isprintable():
        raise UsageError(
            f"selection {stripped[:MAX_NAME_LENGTH]!r} must have 1 to {MAX_NAME_LENGTH} signs in one line; rename it"
        )
    return stripped


def _tags(work: Path) -> dict[str, list[str]]:
    field = find_field(work, SELECTIONS)
    if field is None:
        return {}
    if field.kind != "tags":
        raise UsageError(
            f"the field {field.name!r} holds something else than selections; change its kind: --kind tags"
        )
    return {path: tags for path, tags in read_field(work, SELECTIONS).items() if isinstance(tags, list)}
