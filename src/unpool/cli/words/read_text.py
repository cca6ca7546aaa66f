"""`unpool read-text`: the text inside images."""

from __future__ import annotations

from unpool.actions.text.settings import ReadTextSettings
from unpool.actions.verbs import VERBS
from unpool.cli.parameters import Common, Work, print_result, report_progress

COMMON = Common()


def read_text(*, work: Work, settings: ReadTextSettings, common: Common = COMMON) -> None:
    """Read the text inside the images of a workspace.

    Signs, labels and prints in English, Chinese and Japanese; nothing leaves this machine and nothing is fetched. What
    was found stands in the column text, and unpool search --text finds it. Give the command again for new and changed
    images, or to go on where it was stopped. Needs: pip install "unpool[ocr]".
    """
    result = VERBS["read-text"].load()(work, settings, progress=report_progress())
    text = "{read} images read, {images_per_second} a second; {with_text} of {images} have text"
    lines = [text.format(**result)]
    if result["unreadable"]:
        lines.append(f"{result['unreadable']} images could not be read; the command tries them again")
    print_result(result, common, "\n".join(lines))
