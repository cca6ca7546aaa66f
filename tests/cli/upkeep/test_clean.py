from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.checked_photos import make_checked_photos, read_files
from unpool.cli.main import main


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as caught:
        main(["clean", *map(str, words)])
    printed = capsys.readouterr()
    return int(caught.value.code or 0), printed.out, printed.err


def test_the_terminal_plans_moves_and_undoes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    work, out = make_checked_photos(tmp_path), tmp_path / "out"
    before = read_files(tmp_path)
    code, text, _ = run(capsys, "--work", work, "--problem", "duplicates", "--dry-run")
    assert (code, text.startswith("3 files would go"), "2 stay" in text) == (0, True, True)
    code, text, _ = run(
        capsys, "--work", work, "--problem", "duplicates", "--keep", "oldest", "--to", out, "--json"
    )
    result = json.loads(text)
    assert (code, result["kept"], result["moved"]) == (0, 2, 3)
    assert result["bytes"] == sum(file.stat().st_size for file in out.rglob("*.jpg"))
    code, text, _ = run(capsys, "--work", work, "--undo", result["manifest"])
    assert (code, text.startswith("3 files are back")) == (0, True)
    assert read_files(tmp_path) == before


def test_errors_are_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    work = make_checked_photos(tmp_path)
    for words, expected in (((), 2), (("--problem", "dupes"), 2), (("--undo", tmp_path / "none.json"), 1)):
        code, _, text = run(capsys, "--work", work, *words)
        assert (code, text.count("\n")) == (expected, 1)
