"""Find the ranges of a collection's deep values.

That is done once, before its pictures are read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from unpool.core.progress import Progress
from unpool.errors import UnreadableImageError
from unpool.images.pixel_cache import map_ordered
from unpool.images.reading.bit_depth import Range
from unpool.images.reading.decode import find_values
from unpool.images.reading.scan import ImageFile
from unpool.images.remote.fetching import IN_PLACE, Fetcher
from unpool.images.values.deep_files import find_deep_files, pick_some
from unpool.images.values.rules import Found, ValueRules, find_ranges

DIM_SHARE = 1 / 8  # of white: pictures that stay below are counted


@dataclass(frozen=True)
class ValueSurvey:
    """The rules of a collection, and what they rest on.

    `new` are the ranges that were found now, by kind; `looked_at` the number of pictures decoded for that, of
    `deep`; `dim` how many of them stay below an eighth of white.
    """

    rules: ValueRules
    new: Mapping[str, Sequence[Range]]
    looked_at: int = 0
    deep: int = 0
    dim: int = 0


def survey_values(
    files: Sequence[ImageFile],
    rules: ValueRules,
    workers: int,
    progress: Progress,
    fetcher: Fetcher = IN_PLACE,
) -> ValueSurvey:
    """Find ranges for kinds of deep pictures without one.

    Args:
        files: Images that are to be read.
        rules: Of the collection so far; its ranges stay.
        workers: Number of threads.
        progress: Receives a stage where pictures have to be decoded.
        fetcher: Gives paths to the files.

    Returns:
        The rules with the new ranges.
    """
    if rules.range is not None:
        return ValueSurvey(rules, {})
    deep = find_deep_files(files, fetcher)
    some = [file for of_format in deep.values() for file in pick_some(of_format)]
    if not some:
        return ValueSurvey(rules, {})

    def find(file: ImageFile) -> Found | None:
        try:
            with fetcher.fetch(file) as path:
                return find_values(path, rules.nodata)
        except UnreadableImageError:  # reported when it is embedded
            return None

    with progress.stage("finding the range of deep images", len(some), "images") as stage:
        found: list[Found] = []
        for each in map_ordered(find, some, workers):
            stage.advance()
            found += [] if each is None else [each]
    ranges = find_ranges(found)
    new = {kind: each for kind, each in ranges.items() if kind not in rules.assumed}
    all_rules = replace(rules, assumed={**rules.assumed, **new})
    return ValueSurvey(
        all_rules, new, len(some), sum(map(len, deep.values())), sum(_is_dim(each, new) for each in found)
    )


def _is_dim(found: Found, ranges: Mapping[str, Sequence[Range]]) -> bool:
    assumed = ValueRules(assumed=ranges).find_assumed(found.kind, found.extent.high)
    if assumed is None or found.is_certain or found.kind not in ranges:
        return False
    black, white = assumed
    return found.extent.high - black < DIM_SHARE * (white - black)


def describe_ranges(survey: ValueSurvey, remedy: str = "; --range sets another") -> str:
    """Say which ranges were assumed.

    Args:
        survey: What was found.
        remedy: How to have others.

    >>> describe_ranges(ValueSurvey(ValueRules(), {"TIFF uint16 grey": [(0.0, 4095.0)]}, 3, 3))
    'values of more than 8 bits: TIFF uint16 grey read as 0 to 4095 (found in 3 of 3 images); --range sets another'
    """
    kinds = "; ".join(
        f"{kind} read as {' or '.join(f'{low:g} to {high:g}' for low, high in ranges)}"
        if ranges
        else f"{kind} read each by its own values, as one range would show most of them flat"
        for kind, ranges in survey.new.items()
    )
    dim = f", {survey.dim} of them use less than an eighth" if survey.dim else ""
    basis = f"(found in {survey.looked_at:,} of {survey.deep:,} images{dim})"
    return f"values of more than 8 bits: {kinds} {basis}{remedy}"
