"""Options of `unpool inspect` have their ranges and defaults."""

from __future__ import annotations

from pathlib import Path

import pytest

from unpool.actions.inspection.settings import InspectEvaluateSettings, InspectPredictSettings, check_heat
from unpool.core.settings import check_settings, options_of, settings_from
from unpool.errors import UsageError


def test_evaluate_takes_masks_and_an_output_folder() -> None:
    assert set(options_of(InspectEvaluateSettings)) == {"masks", "threshold", "out"}
    assert settings_from(InspectEvaluateSettings, {"masks": "m"}) == InspectEvaluateSettings(masks=Path("m"))


def test_predict_takes_a_threshold_and_what_is_written() -> None:
    assert set(options_of(InspectPredictSettings)) == {"threshold", "heat", "heat_values"}
    assert settings_from(InspectPredictSettings, {}) == InspectPredictSettings(None, "all", heat_values=False)
    check_settings(InspectPredictSettings(threshold=-3.5, heat="bad"))
    with pytest.raises(UsageError, match="--threshold is nan, but must be a number"):
        check_settings(InspectPredictSettings(threshold=float("nan")))
    with pytest.raises(UsageError, match="unknown --heat 'some'"):
        check_settings(InspectPredictSettings(heat="some"))


def test_values_of_no_image_are_refused() -> None:
    check_heat(InspectPredictSettings(heat="bad", heat_values=True))
    with pytest.raises(UsageError, match="--heat-values and --heat none exclude each other"):
        check_heat(InspectPredictSettings(heat="none", heat_values=True))
