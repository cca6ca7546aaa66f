"""Rules of a workspace for deep values.

They are kept, changed, found and reported.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from unpool.core.cpu import usable_cores
from unpool.core.progress import Progress
from unpool.images.reading.scan import ImageFile, Scan
from unpool.images.remote.fetching import Fetcher
from unpool.images.source import NamedSource, Source
from unpool.images.value_survey import describe_ranges, survey_values
from unpool.images.values.rules import NO_RULES, VALUES, ValueRules, parse_nodata, parse_range
from unpool.store.reading import record
from unpool.store.spaces.paths import outer_workspace, space_folder, spaces_of
from unpool.store.state import read_state, write_state
from unpool.store.table import ImageTable

SECTION = "range"  # in reading.json
CHANGED = "values of more than 8 bits are scaled in another way now: all images are embedded again"


@dataclass(frozen=True)
class ValueRequest:
    """What a command says of deep values.

    As typed; None keeps what the workspace has.

    Raises `UsageError` for a value that is no range or number.
    """

    range: str | None = None
    nodata: str | None = None

    def __post_init__(self) -> None:
        self.apply(NO_RULES)

    def apply(self, rules: ValueRules) -> ValueRules:
        """Change rules as requested.

        What was found under other rules is dropped, and by `range="auto"` in any case.
        """
        changed = rules
        if self.range is not None:
            changed = replace(changed, range=parse_range(self.range))
        if self.nodata is not None:
            changed = replace(changed, nodata=parse_nodata(self.nodata))
        is_same = (changed.range, changed.nodata) == (rules.range, rules.nodata)
        is_searched = self.range is not None and changed.range is None
        return rules if is_same and not is_searched else replace(changed, assumed={})


def prepare_rules(
    work: Path, table: ImageTable, source: Source, scan: Scan, request: ValueRequest, progress: Progress
) -> None:
    """Give a source the rules of its workspace.

    New kinds of images get ranges.

    Where a request changes the rules, all images are to be embedded again.

    Args:
        work: The workspace.
        table: Its table.
        source: Receives the rules.
        scan: Its images.
        request: What the command says.
        progress: Receives a stage and messages.
    """
    if isinstance(source, NamedSource):
        return
    assert isinstance(source, Fetcher)
    state = read_state(work)
    before, is_first = ValueRules.from_dict(state.get(VALUES)), VALUES not in state
    rules = request.apply(before)
    files = scan.files if is_first or rules is not before else _list_new(table, scan)
    survey = survey_values(files, rules, usable_cores(), progress, source)
    source.rules = survey.rules
    # An older version scaled each image by itself.
    if state.get("embedded_by") and (
        _differ(before, survey.rules, is_requested=rules is not before) or (is_first and survey.rules)
    ):
        outer = outer_workspace(work)
        for each in (outer, *(space_folder(outer, name) for name in spaces_of(outer))):
            write_state(each, embedded_by=None)
        progress.message(CHANGED)
    if survey.rules != before or is_first:
        write_state(work, **{VALUES: survey.rules.to_dict()})
    if rules.range is not None and rules is not before:
        record(work, SECTION, None)
    if survey.new:
        everything = describe_ranges(replace(survey, new=survey.rules.assumed))
        record(
            work, SECTION, everything, **survey.rules.to_dict(), looked_at=survey.looked_at, dim=survey.dim
        )
        progress.message(describe_ranges(survey))


def _differ(before: ValueRules, after: ValueRules, *, is_requested: bool) -> bool:
    """Whether images that are embedded would be scaled in another way."""
    if (before.range, before.nodata) != (after.range, after.nodata):
        return True
    kinds = {*before.assumed, *(after.assumed if is_requested else ())}
    return any(after.assumed.get(kind) != before.assumed.get(kind) for kind in kinds)


def _list_new(table: ImageTable, scan: Scan) -> list[ImageFile]:
    known = set(table.arrow(["path"])["path"].to_pylist())
    return [file for file in scan.files if file.path not in known]
