"""`unpool accept`, `reject`, `keep` and `move`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from unpool.actions.curation.settings import DecideSettings, KeepSettings, MoveSettings
from unpool.cli.parameters import Common, SpaceWork, flatten_settings, print_result
from unpool.errors import UsageError

COMMON = Common()
Paths = Annotated[list[str] | None, Parameter(help="images, by their paths in the workspace or as files")]


def register_decision_commands(app: App) -> None:
    """Add these commands to the program."""
    for command in (accept, reject, keep, move):
        app.command(flatten_settings(command))


def accept(
    paths: Paths = None, /, *, work: SpaceWork, settings: DecideSettings, common: Common = COMMON
) -> None:
    """Make suggested labels of images their labels.

    Of the PATHS, of a group, or of all images; with --above those that are sure enough. Images that have another label
    by now keep it, and are counted.
    """
    from unpool.actions.curation.decisions import accept as accept_suggestions

    result = accept_suggestions(work, _find_decided(work, paths, settings))
    print_result(result, common, result["message"])


def reject(
    paths: Paths = None, /, *, work: SpaceWork, settings: DecideSettings, common: Common = COMMON
) -> None:
    """Forget suggested labels of images.

    Of the PATHS, of a group, or of all images that have one; with --above those that are sure enough.
    """
    from unpool.actions.curation.decisions import reject as reject_suggestions

    result = reject_suggestions(work, _find_decided(work, paths, settings))
    print_result(result, common, result["message"])


def keep(paths: Paths = None, /, *, work: SpaceWork, settings: KeepSettings, common: Common = COMMON) -> None:
    """Confirm labels that a check doubts.

    unpool check lists them no more, until they are changed.
    """
    from unpool.actions.curation.decisions import keep as keep_labels

    result = keep_labels(work, _find_images(work, paths, settings.group))
    print_result(result, common, result["message"])


def move(paths: Paths = None, /, *, work: SpaceWork, settings: MoveSettings, common: Common = COMMON) -> None:
    """Move images to a group."""
    from unpool.actions.curation.edit import move as move_images

    result = move_images(work, _find_images(work, paths, None), settings.group)
    print_result(result, common, result["message"])


def _find_decided(work: Path, paths: list[str] | None, settings: DecideSettings) -> list[str]:
    """The images with a suggestion that are named, and are sure enough."""
    from unpool.actions.curation.label_list import find_suggested

    suggested = find_suggested(work, settings.above or 0.0)
    if not paths and settings.group is None:
        if settings.above is None:
            raise UsageError(
                "give the paths of images, --group G for a group, or --above 0 for all suggestions"
            )
        return suggested
    named = set(_find_images(work, paths, settings.group))
    return [path for path in suggested if path in named]


def _find_images(work: Path, paths: list[str] | None, group: int | None) -> list[str]:
    from unpool.actions.curation.edit import paths_of_group
    from unpool.actions.curation.row_changes import read_rows
    from unpool.store.table import ImageTable

    if bool(paths) == (group is not None):
        raise UsageError("give the paths of images, or --group G for all of a group")
    if group is not None:
        return paths_of_group(work, group)
    found: list[str] = read_rows(ImageTable(work), paths or [], [])["path"].to_pylist()
    return found
