"""`unpool suggest`: which images to label next."""

from __future__ import annotations

from unpool.actions.teaching.settings import SuggestSettings
from unpool.actions.verbs import VERBS
from unpool.cli.parameters import Common, SpaceWork, print_result, report_progress
from unpool.cli.render import short

COMMON = Common()


def suggest(*, work: SpaceWork, settings: SuggestSettings, common: Common = COMMON) -> None:
    """Choose the images that are worth a label next.

    First typical images of each part of the collection, then those that the labels so far leave in doubt, and of rare
    kinds. Nothing is written: label them by unpool label or on the page, and give the command again.
    """
    result = VERBS["suggest"].load()(work, settings, progress=report_progress())
    lines = [f"{image['path']}  ({image['reason']})" for image in result["images"]]
    summary = f"{result['labelled']} images have a {settings.field}, {result['left']} have none"
    if result["accuracy"] is not None:
        low, high = short(result["accuracy_low"]), short(result["accuracy_high"])
        summary += f"; of these about {short(result['accuracy'])} ({low} to {high}) would be named rightly"
    print_result(result, common, "\n".join([*lines, summary]))
