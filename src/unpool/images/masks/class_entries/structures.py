"""Read the entries of JSON and YAML."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from unpool.core.text.json_files import load_json
from unpool.errors import UsageError
from unpool.images.masks.class_entries.entry import (
    COLOURS,
    NAMES,
    NUMBERS,
    OPTION,
    Entry,
    entry_of,
    is_hex,
    is_number,
    plain_title,
)


def read_structure(path: Path, text: str, *, is_json: bool) -> list[Entry]:
    """Read the entries of a JSON or YAML file.

    Args:
        path: The file, for messages.
        text: What it holds.
        is_json: Whether it is JSON, otherwise YAML.

    Returns:
        The entries.

    Raises:
        UsageError: Where it holds no classes.
    """
    import yaml

    from unpool.core.text.yaml_files import describe_error, load_yaml_texts

    try:
        held = load_json(text) if is_json else load_yaml_texts(text)
    except (ValueError, yaml.YAMLError) as error:
        raise UsageError(f"{OPTION} {path} cannot be read: {describe_error(error)}") from None
    if isinstance(held, Mapping):
        return _of_mapping(str(path), held)
    if isinstance(held, list) and all(
        isinstance(each, Mapping) or (isinstance(each, str) and (is_json or not is_number(each)))
        for each in held
    ):
        return _of_list(str(path), held)
    raise UsageError(f"{OPTION} {path} must hold a list of names, or names with numbers or colours")


def _of_mapping(where: str, held: Mapping[object, object]) -> list[Entry]:
    keys = {str(key).lower(): key for key in held}
    if "shapes" in keys and "imagepath" in keys:
        raise UsageError(
            f"{OPTION} {where} is labelme's file of one image; give its labels.txt or class_names.txt"
        )
    if "categories" in keys:  # COCO; 0 is what no object covers
        entries = _of_list(where, held[keys["categories"]])
        has_ground = any(entry.number in (0, None) for entry in entries)
        return entries if has_ground else [Entry("background", 0, (0, 0, 0), where), *entries]
    for key in ("id2label", "names", "classes", "labels", "label_map", "labelmap"):
        if key in keys and isinstance(value := held[keys[key]], list | Mapping):
            return _with_palette(where, value, held.get(keys.get("palette", "palette")))
    return _of_names(where, held)


def _with_palette(where: str, value: object, palette: object) -> list[Entry]:
    if isinstance(value, Mapping):
        return _of_names(where, value)
    entries = _of_list(where, value)
    if not isinstance(palette, list) or len(palette) != len(entries):
        is_supervisely = (
            isinstance(value, list)
            and bool(value)
            and all(isinstance(each, Mapping) and "title" in each for each in value)
        )
        has_black = any(entry.colour == (0, 0, 0) for entry in entries)
        ground = [Entry("background", None, (0, 0, 0), where)] if is_supervisely and not has_black else []
        return [*ground, *entries]
    return [
        entry_of(where, [entry.name, *_fields(colour)], name=entry.name)
        for entry, colour in zip(entries, palette, strict=True)
    ]


def _of_names(where: str, held: Mapping[object, object]) -> list[Entry]:
    """{name: number, colour or both}, or {number: name}."""
    if (
        held
        and all(is_number(str(key)) for key in held)
        and all(isinstance(each, str) for each in held.values())
    ):
        return [entry_of(where, [str(name), str(key)], name=str(name)) for key, name in held.items()]
    return [entry_of(f"{where}, {name}", [str(name), *_fields(value)]) for name, value in held.items()]


def _of_list(where: str, held: object) -> list[Entry]:
    if not isinstance(held, list):
        raise UsageError(f"{OPTION} {where} must hold a list of classes, but there is {str(held)[:60]!r}")
    entries = []
    for place, each in enumerate(held, start=1):
        here = f"{where}, class {place}"
        if isinstance(each, Mapping):
            entries.append(_of_class(here, each))
        else:
            fields = [str(each)] if not isinstance(each, list) else _fields(each)
            entries.append(entry_of(here, fields, name=fields[0] if len(fields) == 1 else None))
    return entries


def _of_class(where: str, held: Mapping[object, object]) -> Entry:
    by_title = {plain_title(str(key)): value for key, value in held.items()}
    name = next((str(by_title[key]) for key in _in_order(NAMES) if key in by_title), None)
    if name is None:
        return entry_of(where, [field for value in held.values() for field in _fields(value)])
    is_database = "title" in by_title  # Supervisely's numbers are those of its database
    number = (
        None if is_database else next((by_title[key] for key in _in_order(NUMBERS) if key in by_title), None)
    )
    colour = next((by_title[key] for key in _in_order(COLOURS) if key in by_title), None)
    if colour is None and {"r", "g", "b"} <= by_title.keys():
        colour = [by_title[channel] for channel in "rgb"]
    return entry_of(where, [name, *_fields(number), *_colour_fields(colour)], name=name)


def _in_order(titles: set[str]) -> list[str]:
    first = ("name", "class", "label", "index", "id", "value", "colour", "color", "rgb")
    return [*(title for title in first if title in titles), *sorted(titles - set(first))]


def _colour_fields(value: object) -> list[str]:
    fields = _fields(value)
    if len(fields) == 1 and not is_hex(fields[0]):
        fields = re.findall(r"\d+", fields[0])
    return fields[:3]  # what follows is opacity


def _fields(value: object) -> list[str]:
    if isinstance(value, Mapping):
        order = [
            *_in_order(NAMES),
            *_in_order(NUMBERS),
            *_in_order(COLOURS),
            *("r", "red", "g", "green", "b", "blue"),
        ]
        by_title = {plain_title(str(key)): each for key, each in value.items()}
        return [field for key in dict.fromkeys(order) if key in by_title for field in _fields(by_title[key])]
    if isinstance(value, list | tuple):
        return [str(part) for part in value]
    return [] if value is None else [str(value)]
