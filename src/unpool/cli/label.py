"""`unpool label`, `spread`, `undo` and `redo`."""

from __future__ import annotations

from typing import Annotated

from cyclopts import App, Parameter

from unpool.actions.curation.settings import LabelSettings, SpreadSettings
from unpool.actions.verbs import VERBS
from unpool.cli.parameters import Common, Work, flatten_settings, print_result, report_progress
from unpool.errors import UsageError

COMMON = Common()


def register_label_commands(app: App) -> None:
    """Add these commands to the program."""
    for command in (flatten_settings(label), flatten_settings(spread), undo, redo):
        app.command(command)


def label(
    paths: Annotated[list[str] | None, Parameter(help="images, by their paths in the workspace")] = None,
    /,
    *,
    work: Work,
    settings: LabelSettings,
    common: Common = COMMON,
) -> None:
    """Label images, remove their labels, or mark them as wrong.

    PATHS are relative to the folder of the images, as in groups.csv; --group G names all images of a group.
    Labels stay when images are embedded or grouped again, and follow a file that is moved or renamed.
    """
    from unpool.actions.curation.edit import label as set_label
    from unpool.actions.curation.edit import mark, paths_of_group
    from unpool.store.origin import keys_of_typed

    if (settings.as_ is not None) + settings.none + settings.wrong != 1:
        raise UsageError("give one of --as NAME, --none (removes labels) and --wrong")
    if bool(paths) == (settings.group is not None):
        raise UsageError("give the paths of images, or --group G for all of a group")
    selected = keys_of_typed(work, paths) if paths else paths_of_group(work, int(settings.group or 0))
    result = mark(work, selected) if settings.wrong else set_label(work, selected, settings.as_)
    print_result(result, common, result["message"])


def spread(*, work: Work, settings: SpreadSettings, common: Common = COMMON) -> None:
    """Suggest labels for images without one, from their labelled neighbours.

    A suggestion is no label: columns suggestion and suggestion_confidence, until the page or Python accepts it.
    """
    result = VERBS["spread"].load()(work, settings, progress=report_progress())
    text = (
        "{suggested} of {images} images have a suggestion, {sure} of them with high confidence; "
        "from {labelled} images of {labels} labels"
    )
    print_result(result, common, text.format(**result))


def undo(*, work: Work, common: Common = COMMON) -> None:
    """Undo the last thing done to a workspace.

    Whatever it was: labels, marks, suggestions, groups and maps, runs that embedded images; from the terminal, the
    page or Python.
    """
    from unpool.actions.curation.undo import undo as undo_last

    result = undo_last(work)
    print_result({"undone": result["message"], **result}, common, result["message"])


def redo(*, work: Work, common: Common = COMMON) -> None:
    """Do again what was undone last.

    Until something else is done.
    """
    from unpool.actions.curation.undo import redo as redo_last

    result = redo_last(work)
    print_result({"redone": result["message"], **result}, common, result["message"])
