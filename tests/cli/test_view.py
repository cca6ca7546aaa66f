"""`unpool view` checks where it serves, and says the address."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from unpool.cli.main import main


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    calls: list[dict[str, Any]] = []

    def serve(work: Path, *, ready: Callable[[str], None], **options: Any) -> None:
        calls.append({"work": work, **options})
        ready("http://127.0.0.1:1/")

    monkeypatch.setattr("unpool.viewer.server.serve", serve)
    return calls


def view(*argv: str) -> object:
    with pytest.raises(SystemExit) as left:
        main(["view", "--work", "w", *argv])
    return left.value.code


def test_the_address_is_printed(served: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]) -> None:
    assert view("--json", "--port", "8000") == 0
    assert json.loads(capsys.readouterr().out) == {"url": "http://127.0.0.1:1/"}
    assert served[0]["port"] == 8000


@pytest.mark.parametrize("argv", [["--host", "0.0.0.0"], ["--host", "::"], ["--port", "70000"]])
def test_a_wrong_address_is_refused(argv: list[str], served: list[dict[str, Any]]) -> None:
    assert view(*argv) == 2
    assert served == []


def test_other_hosts_are_warned_of(served: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]) -> None:
    assert view("--host", "192.0.2.1") == 0
    assert "everyone who reaches 192.0.2.1 can see and change" in capsys.readouterr().err
