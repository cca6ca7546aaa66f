"""`unpool cache` says what is kept, and removes it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from unpool.cli.main import main
from unpool.core.user_cache import kept_folder


def run(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    with pytest.raises(SystemExit) as left:
        main(["cache", *argv])
    assert left.value.code == 0
    return capsys.readouterr().out


def test_it_lists_and_clears(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("UNPOOL_CACHE", str(tmp_path / "cache"))
    empty = {"path": str(tmp_path / "cache"), "bytes": 0, "entries": 0, "kept": [], "freed": 0}
    assert json.loads(run(capsys, "--json")) == empty
    kept_folder("pretrained-a", lambda part: (part / "weights").write_bytes(b"0" * 1_500_000))
    entry = {"name": "pretrained-a", "bytes": 1_500_000}
    assert json.loads(run(capsys, "--json")) == empty | {"bytes": 1_500_000, "entries": 1, "kept": [entry]}
    assert run(capsys).splitlines()[0] == "      1.5 MB  pretrained-a"
    assert run(capsys, "--clear") == "1.5 MB removed\n"
    assert json.loads(run(capsys, "--json", "--clear")) == empty
