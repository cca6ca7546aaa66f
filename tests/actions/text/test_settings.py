"""Text that is known is read again only where that is asked for."""

from __future__ import annotations

from unpool.actions.text.settings import ReadTextSettings
from unpool.core.settings import check_settings


def test_known_text_stays_by_default() -> None:
    check_settings(ReadTextSettings())
    assert ReadTextSettings().again is False
