"""`unpool doctor` prints what is wrong, and its exit code says whether anything is left."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.edits import make_grouped_workspace
from unpool.cli.main import main
from unpool.store.csv_files import write_groups, write_problems
from unpool.store.state import write_state
from unpool.store.table import ImageTable


def run(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as left:
        main(["doctor", *argv])
    return int(left.value.code or 0), *capsys.readouterr()


@pytest.fixture
def work(tmp_path: Path) -> Path:
    work = make_grouped_workspace(tmp_path / "w.unpool")
    table = ImageTable(work)
    paths = table.arrow(["path"])["path"].to_pylist()
    table.update(paths, {"status": ["skipped"] * len(paths)})  # which have no thumbnails
    write_state(work)
    write_groups(work, table)
    write_problems(work, table)
    return work


def test_exit_code_and_output(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "--work", str(work))[:2] == (0, f"nothing is wrong with {work}\n")
    (work / "problems.csv").write_text("")
    code, out, err = run(capsys, "--work", str(work), "--json")
    assert code == 0
    assert "unpool: " not in err
    assert [(each["where"], each["repaired"]) for each in json.loads(out)["problems"]] == [
        ("problems.csv", True)
    ]
    write_state(work, images=str(work / "gone"))
    code, out, err = run(capsys, "--work", str(work), "--json")
    assert code == 1
    assert json.loads(out)["left"] == 1
    (line,) = [each for each in err.splitlines() if each.startswith("unpool: ")]
    assert line.startswith(f"unpool: 1 of 1 problems of {work} are left, first {work / 'gone'}: the folder")
    assert run(capsys, "--work", str(work))[1].startswith("    LEFT  ")
    assert run(capsys, "--work", str(work / "none"))[0] == 1
    assert run(capsys)[0] == 2
