"""Options of `unpool inspect` have their ranges and defaults."""

from __future__ import annotations

from pathlib import Path

from unpool.actions.inspection.settings import InspectEvaluateSettings
from unpool.core.settings import options_of, settings_from


def test_evaluate_takes_masks() -> None:
    assert set(options_of(InspectEvaluateSettings)) == {"masks"}
    assert settings_from(InspectEvaluateSettings, {"masks": "m"}) == InspectEvaluateSettings(masks=Path("m"))
