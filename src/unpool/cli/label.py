"""`unpool label`, `spread`, `undo` and `redo`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

from cyclopts import App, Parameter

from unpool.actions.curation.settings import LabelSettings, SpreadSettings
from unpool.actions.fields.settings import ImportSettings
from unpool.actions.verbs import VERBS
from unpool.cli.parameters import Common, SpaceWork, Work, flatten_settings, print_result, report_progress
from unpool.cli.render import format_labels
from unpool.errors import UsageError

if TYPE_CHECKING:
    from unpool.store.fields.kinds import Kind

LABEL = "label"
COMMON = Common()


def register_label_commands(app: App) -> None:
    """Add these commands to the program."""
    for command in (flatten_settings(label), flatten_settings(spread), undo, redo):
        app.command(command)


def label(
    paths: Annotated[list[str] | None, Parameter(help="images, by their paths in the workspace")] = None,
    /,
    *,
    work: SpaceWork,
    settings: LabelSettings,
    common: Common = COMMON,
) -> None:
    """Label images, remove their labels, or mark them as wrong.

    PATHS are relative to the folder of the images, as in groups.csv; --group G names all images of a group.
    Labels stay when images are embedded or grouped again, and follow a file that is moved or renamed.
    With --from FILE all columns of a file become the label and fields beside it, or one with --field NAME.
    With --zero-shot NAMES images without a label get the name that fits them as a suggestion, by words alone.
    With --list labels and fields are listed, and nothing is changed.
    """
    if settings.list:
        _print_labels(work, paths, settings, common)
        return
    if settings.zero_shot is not None:
        _suggest_by_words(work, paths, settings, common)
        return
    if settings.all_fit:
        raise UsageError("--all-fit says something of --zero-shot NAMES; give both")
    if settings.from_ is not None:
        result = _label_from_file(work, paths, settings)
    elif settings.kind is not None and settings.field is not None and not paths and settings.as_ is None:
        result = _change_kind(work, settings.field, settings.kind)
    else:
        result = _label_images(work, paths, settings)
    print_result(result, common, str(result["message"]))


def _print_labels(work: Path, paths: list[str] | None, settings: LabelSettings, common: Common) -> None:
    from unpool.actions.curation.label_list import list_labels

    if paths or replace(settings, list=False) != LabelSettings():
        raise UsageError("--list takes nothing beside it; leave out paths and other options")
    result = list_labels(work)
    print_result(result, common, format_labels(result))


def _suggest_by_words(work: Path, paths: list[str] | None, settings: LabelSettings, common: Common) -> None:
    from unpool.actions.words.zero_shot import label_zero_shot

    if paths or replace(settings, zero_shot=None, all_fit=False) != LabelSettings():
        raise UsageError("--zero-shot takes --all-fit alone beside it; leave out paths and other options")
    names = str(settings.zero_shot)
    result = label_zero_shot(work, names, all_fit=settings.all_fit, progress=report_progress())
    confident = "{sure} of them with a confidence of 80 % or more"
    if result["uncalibrated"]:
        confident += (
            " by the model's own scale, which is uncalibrated: how many of them are right is not known until ten "
            "images or more have one of these names as a label"
        )
    text = (
        f"{{suggested}} of {{images}} images have a suggestion, {confident}; {{unsure}} fit several names, "
    )
    print_result(result, common, f"{text}{{unlike}} none".format(**result))


def _label_from_file(work: Path, paths: list[str] | None, settings: LabelSettings) -> Mapping[str, object]:
    from unpool.actions.fields.import_fields import import_fields

    others = (
        settings.as_ is not None,
        settings.none,
        settings.wrong,
        settings.group is not None,
        bool(paths),
    )
    if settings.from_ is None or any(others):
        raise UsageError(
            "--from FILE names images and values itself; leave out paths, --group, --as, --none and --wrong"
        )
    options = ImportSettings(settings.from_, settings.field, settings.kind)
    return import_fields(work, options, progress=report_progress())


def _change_kind(work: Path, field: str, kind: str) -> Mapping[str, object]:
    from unpool.actions.fields.edit_fields import set_kind

    num_images = set_kind(work, field, cast("Kind", kind))
    return {"field": field, "kind": kind, "images": num_images, "message": f"{field} is of the kind {kind}"}


def _label_images(work: Path, paths: list[str] | None, settings: LabelSettings) -> Mapping[str, object]:
    from unpool.actions.curation.edit import mark, paths_of_group
    from unpool.actions.fields.edit_fields import set_field
    from unpool.store.origin import keys_of_typed

    if (settings.as_ is not None) + settings.none + settings.wrong != 1:
        raise UsageError("give one of --as NAME, --none (removes labels) and --wrong")
    if bool(paths) == (settings.group is not None):
        raise UsageError("give the paths of images, or --group G for all of a group")
    selected = keys_of_typed(work, paths) if paths else paths_of_group(work, int(settings.group or 0))
    if settings.wrong:
        return mark(work, selected)
    return set_field(
        work, selected, settings.field or LABEL, settings.as_, cast("Kind | None", settings.kind)
    )


def spread(*, work: SpaceWork, settings: SpreadSettings, common: Common = COMMON) -> None:
    """Suggest labels where few of them are wrong.

    Images that are unlike all labelled ones get none. A suggestion is no label: columns suggestion and
    suggestion_confidence, until it is accepted.
    """
    result = VERBS["spread"].load()(work, settings, progress=report_progress())
    text = (
        "{suggested} of {images} images have a suggestion, {sure} of them with high confidence; about "
        "{wrong:.0f} % of them are expected to be wrong; from {labelled} images of {labels} labels"
    )
    print_result(result, common, text.format(wrong=100 * result["expected_error"], **result))


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
