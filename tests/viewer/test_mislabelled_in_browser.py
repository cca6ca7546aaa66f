"""Labels that look wrong: corrected or kept in the page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from support.browser import CHROMIUM, check_accessible, chromium, opened, served
from support.kinds import separate_kinds
from unpool import Workspace
from unpool.store.table import ImageTable

pytestmark = [pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium"), pytest.mark.slow]
WRONG = {"disc/001.png": "cross", "disc/002.png": "cross"}


def label_of(root: Path, path: str) -> Any:
    return ImageTable(root / "w.unpool").frame(["path", "label"]).set_index("path")["label"][path]


def test_a_doubtful_label_is_corrected_and_another_is_kept(viewed: Path) -> None:
    separate_kinds(viewed / "w.unpool")
    table = ImageTable(viewed / "w.unpool")
    paths = [path for path in table.frame(["path"], where="status = 'ok'")["path"] if "/" in path]
    table.update(paths, {"label": [WRONG.get(path, path.partition("/")[0]) for path in paths]})
    found = Workspace(viewed / "w.unpool").check()
    assert found["mislabelled"] >= 2
    with chromium() as browser, served(viewed / "w.unpool", viewed) as url, opened(browser, url) as page:
        page.get_by_test_id("view-problems").click()
        page.get_by_test_id("problem-mislabelled").click()
        doubts = page.get_by_test_id("doubt")
        doubts.first.wait_for()
        check_accessible(page, "mislabelled")
        before = doubts.count()
        row = {
            path: place
            for place, path in enumerate(sorted(table.frame(["path"], where="status = 'ok'")["path"]))
        }
        first, second = (page.locator(f"[data-testid=doubt][data-row='{row[path]}']") for path in WRONG)
        assert "It says cross, looks like disc" in first.text_content()
        first.get_by_test_id("correct").click()
        first.wait_for(state="detached")
        assert label_of(viewed, "disc/001.png") == "disc"
        second.get_by_test_id("keep").click()
        second.wait_for(state="detached")
        assert label_of(viewed, "disc/002.png") == "cross"
        assert doubts.count() == before - 2
        page.get_by_test_id("undo").click()
        second.wait_for()
