"""`unpool label`, `unpool spread`, `unpool undo`: what a person knows of the images, by hand and spread on."""

from __future__ import annotations

from typing import Annotated

from cyclopts import App, Parameter

from unpool.cli.parameters import Common, Work, option, report_progress, tell
from unpool.cli.render import literal
from unpool.errors import UsageError

COMMON = Common()


def register(app: App) -> None:
    """Add these commands to the program."""
    for command in (label, spread, undo):
        app.command(command)


def label(
    paths: Annotated[list[str] | None, Parameter(help="images, by their paths in the workspace")] = None,
    /,
    *,
    work: Work,
    as_: Annotated[str | None, option("as", "--as")] = None,
    none: Annotated[bool, option("none", "--none", negative="")] = False,
    wrong: Annotated[bool, option("wrong", "--wrong", negative="")] = False,
    group: Annotated[int | None, option("label-group", "--group")] = None,
    common: Common = COMMON,
) -> None:
    """Give images a label, take it away, or mark them as wrong.

    PATHS are relative to the folder of the images, as in groups.csv; --group G names all images of a group.
    Labels stay whatever is embedded or grouped anew, and go with a file that is moved or renamed.
    """
    from unpool.actions.curation.edit import label as give
    from unpool.actions.curation.edit import mark, paths_of_group

    if (as_ is not None) + none + wrong != 1:
        raise UsageError("give one of --as NAME, --none (takes labels away) and --wrong")
    if bool(paths) == (group is not None):
        raise UsageError("give the paths of images, or --group G for all of a group")
    chosen = paths or paths_of_group(work, int(group or 0))
    told = mark(work, chosen) if wrong else give(work, chosen, as_)
    tell(told, common, literal(told["told"]))


def spread(*, work: Work, common: Common = COMMON) -> None:
    """Suggest labels for the images that have none, from their neighbours that have one.

    A suggestion is no label: columns suggestion and suggestion_confidence, until the page or Python accepts it.
    """
    from unpool.actions.curation.suggest import spread as act

    told = act(work, progress=report_progress())
    words = "{suggested} of {images} images have a suggestion, {sure} of them sure"
    tell(told, common, words + "; from {labelled} images of {labels} labels")


def undo(*, work: Work, common: Common = COMMON) -> None:
    """Take the last edit back: a label, a mark, a move, a merged or split group."""
    from unpool.actions.curation.edit import undo as act

    told = act(work)
    tell(told, common, literal(told["told"]))
