"""`unpool watch` from the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from unpool.actions.embedding import watch as watch_module
from unpool.actions.embedding.settings import WatchSettings
from unpool.cli.main import main

RESULT = {"work": "w", "images": 3, "rounds": 2, "failed": 0, "embedded": 3, "drift": 0.0}


def test_options_reach_the_verb_and_the_result_is_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    calls: list[tuple[Any, ...]] = []

    def follow(folder: str, settings: WatchSettings, *, work: Path, progress: Any) -> dict[str, Any]:
        calls.append((folder, settings, work))
        return RESULT

    monkeypatch.setattr(watch_module, "watch", follow)
    with pytest.raises(SystemExit) as left:
        main(["watch", "images", "--work", "w", "--settle", "5", "--groups", "4", "--json"])
    assert left.value.code == 0
    assert calls == [("images", WatchSettings(settle=5.0, groups=4), Path("w"))]
    assert json.loads(capsys.readouterr().out) == RESULT


@pytest.mark.parametrize("words", [["images", "--settle", "0"], ["no-such-folder"], []])
def test_wrong_usage_is_one_line(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["watch", *words])
    assert left.value.code == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1
