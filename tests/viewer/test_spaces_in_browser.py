"""The list of spaces shows one set of vectors or another, in a window of any width."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from support.browser import CHROMIUM, check_accessible, chromium, opened, served
from unpool import Workspace

pytestmark = [pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium"), pytest.mark.slow]
LONG_NAME = "a-very-long-name-of-a-space-0123456789"


def mean_colour(images: list[np.ndarray]) -> np.ndarray:
    return np.stack([image.mean((0, 1)) for image in images]).astype(np.float32)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """Four groups of its own vectors, two in the space `look`, and a space of a long name without groups."""
    images, work = tmp_path / "images", tmp_path / "w.unpool"
    images.mkdir()
    for number in range(12):
        colour = [(250, 0, 0), (0, 250, 0), (0, 0, 250), (250, 250, 250)][number % 4]
        Image.new("RGB", (16, 16), tuple(max(0, value - number) for value in colour)).save(
            images / f"{number:02}.png"
        )
    for space, groups in ((None, 4), ("look", 2), (LONG_NAME, 0)):
        workspace = Workspace(work, images, space=space)
        workspace.embed(model=mean_colour)
        if groups:
            workspace.group(groups=groups, method="kmeans")
            workspace.map(method="pca")
    with served(work, tmp_path) as url:
        yield url


def wait_for_groups(page: Any, count: int) -> None:
    page.wait_for_function(
        "count => document.querySelectorAll('[data-testid=group-item]').length === count", arg=count
    )


def test_groups_and_map_are_of_the_chosen_space(browser: Any, url: str) -> None:
    with opened(browser, url) as page:
        spaces = page.get_by_test_id("space")
        wait_for_groups(page, 4)
        spaces.select_option("look")
        wait_for_groups(page, 2)
        page.reload()
        wait_for_groups(page, 2)  # what is shown is kept by the server
        assert spaces.input_value() == "look"
        check_accessible(page, "a space")
        spaces.select_option(LONG_NAME)
        page.get_by_role("heading", name="No map yet").wait_for()
        spaces.select_option("own vectors")
        wait_for_groups(page, 4)


def test_the_top_bar_fits_every_window(browser: Any, url: str) -> None:
    ends = "[...document.querySelectorAll('.top > *')].map(each => each.getBoundingClientRect().right)"
    with opened(browser, url) as page:
        page.get_by_test_id("space").select_option(LONG_NAME)
        page.get_by_role("heading", name="No map yet").wait_for()
        for width in (390, 799, 800, 900, 1099, 1100, 1279, 1280):
            page.set_viewport_size({"width": width, "height": 780})
            page.wait_for_function("width => innerWidth === width", arg=width)
            assert max(page.evaluate(ends)) <= width, width
            assert page.evaluate("document.documentElement.scrollWidth") <= width, width
