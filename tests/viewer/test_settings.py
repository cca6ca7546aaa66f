"""The options of the page's server are those that the command line checks."""

from __future__ import annotations

import pytest

from unpool.core.settings import check_settings, options_of
from unpool.errors import UsageError
from unpool.viewer.settings import ViewSettings


def test_every_field_is_an_option() -> None:
    assert set(options_of(ViewSettings)) == {"host", "port", "segmenter"}


def test_a_port_out_of_range_is_refused() -> None:
    check_settings(ViewSettings())
    with pytest.raises(UsageError, match="--port is 65536, but must be a number from 0 to 65535"):
        check_settings(ViewSettings(port=65536))
