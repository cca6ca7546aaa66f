"""Some problems have a line each, the others are counted."""

from __future__ import annotations

from support.messages import Messages
from unpool.actions.outputs.messages import report, report_problems
from unpool.images.reading.scan import Problem


def test_the_first_problems_have_a_line_each() -> None:
    messages = Messages()
    report_problems([Problem(f"{number}.png", "corrupt", "it is damaged") for number in range(7)], messages)
    assert messages.texts[0] == "skipped 0.png: corrupt, it is damaged"
    assert messages.texts[5:] == ["and 2 more were skipped"]
    report_problems([], messages)
    report(["one", "two"], messages)
    assert messages.texts[6:] == ["one", "two"]
