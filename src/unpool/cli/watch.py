"""`unpool watch`: a workspace that follows its folder."""

from __future__ import annotations

from unpool.actions.embedding.settings import WatchSettings
from unpool.cli.parameters import Common, OptionalWork, print_result, report_progress

COMMON = Common()


def watch(
    folder: str, /, *, work: OptionalWork = None, settings: WatchSettings, common: Common = COMMON
) -> None:
    """Keep a workspace up to date while images come.

    New and changed images of FOLDER are embedded as they come, and join the map and the groups that there are; nothing
    else moves. Other commands and unpool view can be used meanwhile. Ctrl-C stops it.
    """
    from unpool.actions.embedding.watch import watch as follow

    result = follow(folder, settings, work=work, progress=report_progress())
    text = "{work}: {rounds} rounds, {embedded} images embedded; {failed} rounds failed"
    print_result(result, common, text.format(**result))
