"""True classes of images, from folders or a label file."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from unpool.errors import UnpoolError
from unpool.images.labels.class_folders import FOLDERS, is_folders, read_folder_classes, read_level
from unpool.images.labels.field_table import LabelRow
from unpool.images.labels.label_file import read_label_file
from unpool.images.labels.path_matching import AS_WRITTEN, Matches, PathMatcher, describe_bases

NUM_EXAMPLES = 3
MAX_LISTED = 1000  # rows and images in JSON results and report/reading.json
INVISIBLE = "\ufeff\u200b\u200e\u200f\u2060"  # signs of no width, which nobody means to be part of a label


@dataclass(frozen=True)
class TrueLabels:
    """The class of each image, and how it was found.

    Args:
        classes: A class for each image, None where it has none.
        source: `folders`, `folders:LEVEL`, or the label file.
        facts: What JSON results and report/reading.json say of it.
        lines: The same for people, a sentence each.
        is_plain: Whether every image has a label, every line matched as it is written, and nothing was assumed.
    """

    classes: list[str | None]
    source: str
    facts: dict[str, Any]
    lines: list[str]
    is_plain: bool

    @property
    def num_labelled(self) -> int:
        """How many images have a class."""
        return len(self.classes) - self.classes.count(None)


@dataclass
class _Rows:
    """The lines of a label file that label an image, and what became of the others."""

    label_of: dict[str, str] = field(default_factory=dict)
    row_of: dict[str, LabelRow] = field(default_factory=dict)
    unmatched: list[LabelRow] = field(default_factory=list)
    num_repeated: int = 0
    num_empty: int = 0
    num_changed: int = 0
    contradictions: list[tuple[str, LabelRow, LabelRow]] = field(default_factory=list)


def read_true_labels(paths: Sequence[str], labels: str, places: Sequence[str] = ()) -> TrueLabels:
    """Read the true class of each image.

    Args:
        paths: The images, relative to their folder.
        labels: `folders`, the folder that an image lies in; `folders:LEVEL`, another one on its path; or a file of
            paths and labels, as `read_label_file` reads them.
        places: Where the images' folder is, in every way it is known.

    Returns:
        The classes, and what people should know of them.

    Raises:
        UsageError: The level is no number.
        UnpoolError: The labels fit no image, two lines contradict each other, or the file cannot be read.
    """
    return _read_folders(paths, labels) if is_folders(labels) else _read_file(paths, Path(labels), places)


def _read_folders(paths: Sequence[str], labels: str) -> TrueLabels:
    found = read_folder_classes(paths, read_level(labels))
    if not any(found.names):
        where = "of its own class" if labels == FOLDERS else f"at the level of {labels}"
        raise UnpoolError(
            f"labels are missing: no image lies in a folder {where}; give --labels a CSV of path,label instead"
        )
    lines = [f"--labels {labels}: {each}" for each in (*found.remarks, *_describe_classes(found.names))]
    facts: dict[str, Any] = _coverage(found.names) | {
        "level": found.level, "remarks": found.remarks, "parts": found.parts, "parts_path": found.parts_path
    }  # fmt: skip
    return TrueLabels(found.names, labels, {"source": labels} | facts, lines, not found.remarks)


def _read_file(paths: Sequence[str], file: Path, places: Sequence[str]) -> TrueLabels:
    matcher = PathMatcher(paths, places, describe_bases(file))
    table = read_label_file(file, matcher.knows)
    matches = matcher.match([row.path for row in table.rows if row.path.strip()])
    rows = _collect(table.rows, matches)
    _check_consistent(file, rows, table.unit)
    if not matches.image_of:
        raise UnpoolError(describe_no_match(file, table.rows, table.unit, paths, places))
    if not rows.label_of:
        raise UnpoolError(f"{file} has no label for any image, only empty ones; give it lines of path,label")
    classes = [rows.label_of.get(path) for path in paths]
    rules = Counter(matches.rule_of[row.path] for row in table.rows if row.path in matches.rule_of)
    remarks = [
        *table.remarks,
        *_describe_rows(rows, table.unit, matcher),
        *_lookalikes(rows.label_of.values()),
    ]
    facts: dict[str, Any] = _coverage(classes) | {
        "unmatched_lines": len(rows.unmatched),
        "unmatched": [name_row(row, table.unit) for row in rows.unmatched[:MAX_LISTED]],
        "unlabelled_images": [path for path, name in zip(paths, classes, strict=True) if name is None][:MAX_LISTED],
        "lines_without_label": rows.num_empty, "repeated_lines": rows.num_repeated, "matched_by": dict(rules),
        "remarks": remarks,
    }  # fmt: skip
    lines = [f"{_describe_coverage(classes)}{describe_rules(rules)}", *remarks, *_describe_classes(classes)]
    is_plain = None not in classes and set(rules) == {AS_WRITTEN} and not remarks
    facts = {"source": str(file)} | facts
    return TrueLabels(classes, str(file), facts, [f"{file.name}: {line}" for line in lines], is_plain)


def _coverage(classes: Sequence[str | None]) -> dict[str, Any]:
    known = [name for name in classes if name is not None]
    return {"labelled": len(known), "unlabelled": len(classes) - len(known), "classes": len(set(known))}


def _describe_coverage(classes: Sequence[str | None]) -> str:
    missing = classes.count(None)
    if not missing:
        return f"all {len(classes)} images have a label"
    return f"{len(classes) - missing} of {len(classes)} images have a label, {missing} have none"


def _describe_classes(classes: Sequence[str | None]) -> list[str]:
    """Classes that figures say little about: one for all images, or one image each."""
    counts = Counter(name for name in classes if name is not None)
    if len(counts) == 1:
        return [f"there is one class alone, {next(iter(counts))!r}"]
    single = sorted(name for name, count in counts.items() if count == 1)
    more = ", …" if len(single) > NUM_EXAMPLES else ""
    named = ", ".join(map(repr, single[:NUM_EXAMPLES]))
    return [f"{len(single)} of {len(counts)} classes have one image: {named}{more}"] if single else []


def describe_rules(rules: Counter[str]) -> str:
    """Say by which rules paths matched.

    Empty where all matched as they are written."""
    if set(rules) <= {AS_WRITTEN}:
        return ""
    return f" (lines matched: {', '.join(f'{count} {rule}' for rule, count in rules.most_common())})"


def clean_label(text: str) -> str:
    """Return a label without blanks around it, in composed Unicode.

    >>> clean_label(" cat "), clean_label("cafe\\u0301") == "café"
    ('cat', True)
    """
    return unicodedata.normalize("NFC", text.strip().strip(INVISIBLE).strip())


def _collect(rows: Sequence[LabelRow], matches: Matches) -> _Rows:
    found = _Rows()
    for row in rows:
        image, label = matches.image_of.get(row.path), clean_label(row.label)
        if not label:
            found.num_empty += 1
        elif image is None:
            found.unmatched.append(row)
        elif image not in found.label_of:
            found.label_of[image], found.row_of[image] = label, row
            found.num_changed += label != row.label
        elif found.label_of[image] == label:
            found.num_repeated += 1
        else:
            found.contradictions.append((image, found.row_of[image], row))
    return found


def _check_consistent(file: Path, rows: _Rows, unit: str) -> None:
    if not rows.contradictions:
        return
    image, first, second = rows.contradictions[0]
    others = len({image for image, _, _ in rows.contradictions}) - 1
    more = f" ({others} more images likewise)" if others else ""
    raise UnpoolError(
        f"{file} labels {image} twice: {clean_label(first.label)!r} in {unit} {first.line}, "
        f"{clean_label(second.label)!r} in {unit} {second.line}{more}; keep one of them"
    )


def describe_no_match(
    file: Path, rows: Sequence[LabelRow], unit: str, paths: Sequence[str], places: Sequence[str]
) -> str:
    """Say that no row of a file names an image.

    Args:
        file: The file.
        rows: Its rows.
        unit: What the number of a row counts.
        paths: The images.
        places: Where their folder is.

    Returns:
        One line that says what to write.
    """
    row = next((row for row in rows if row.path.strip()), None)
    if row is None:
        return f"{file} has no line with a path; give it lines of path,label"
    folder = f" to {places[0]}" if places else ""
    return (
        f"{file} names no image of this collection: {unit} {row.line} has {row.path!r}, an image is "
        f"{paths[0] if paths else 'nothing'!r}; write paths relative{folder}"
    )


def _describe_rows(rows: _Rows, unit: str, matcher: PathMatcher) -> list[str]:
    lines = []
    if rows.unmatched:
        named = [name_row(row, unit, matcher.count_names(row.path)) for row in rows.unmatched[:NUM_EXAMPLES]]
        more = ", …" if len(rows.unmatched) > NUM_EXAMPLES else ""
        lines.append(f"{count_rows(len(rows.unmatched), unit)} matched no image: {', '.join(named)}{more}")
    if rows.num_empty:
        lines.append(f"{count_rows(rows.num_empty, unit)} without a label")
    if rows.num_repeated:
        lines.append(f"{count_rows(rows.num_repeated, unit)} repeated the label of an image")
    if rows.num_changed:
        lines.append(f"labels without the blanks around them, or in composed Unicode: {rows.num_changed}")
    return lines


def count_rows(number: int, unit: str) -> str:
    """Write a number of rows, in words of their unit.

    >>> count_rows(1, "line"), count_rows(2, "entry")
    ('1 line', '2 entries')
    """
    plural = unit[:-1] + "ies" if unit.endswith("y") else unit + "s"
    return f"{number} {unit if number == 1 else plural}"


def name_row(row: LabelRow, unit: str, num_same: int = 0) -> str:
    """Name a row that matched no image.

    Args:
        row: The row.
        unit: What its number counts.
        num_same: How many images have its name.

    Returns:
        Its path and number.
    """
    hint = f"; {num_same} images have this name" if num_same > 1 else ""
    return f"{' '.join(row.path.split()) or 'an empty path'} ({unit} {row.line}{hint})"


def _lookalikes(labels: Iterable[str]) -> list[str]:
    """Labels that differ only in capitals or blanks."""
    spelled: dict[str, set[str]] = {}
    for label in set(labels):
        spelled.setdefault(" ".join(label.casefold().split()), set()).add(label)
    groups = sorted(sorted(each) for each in spelled.values() if len(each) > 1)
    return [f"{' and '.join(map(repr, each))} are classes of their own" for each in groups[:NUM_EXAMPLES]]
