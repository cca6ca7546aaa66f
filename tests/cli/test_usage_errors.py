"""A command line that cannot be understood is answered in one line of ours."""

from __future__ import annotations

import pytest

from unpool.cli.main import main
from unpool.cli.usage_errors import check_num_processes
from unpool.errors import UsageError


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("run x --wrok w", "there is no --wrok; did you mean --work? (see `unpool run --help`)"),
        ("run x --nothing-like-it=3", "there is no --nothing-like-it (see `unpool run --help`)"),
        ("run x -q", "there is no -q (see `unpool run --help`)"),
        ("search a.png --wrok w", "there is no --wrok; did you mean --work? (see `unpool search --help`)"),
        (
            "segment train a b --outt m",
            "there is no --outt; did you mean --out? (see `unpool segment train --help`)",
        ),
        ("serach x", "there is no command serach; did you mean search? (see `unpool --help`)"),
        (
            "segment tran",
            "there is no command segment tran; did you mean segment train? (see `unpool segment --help`)",
        ),
        ("segment what", "there is no command segment what; give one of train, predict, evaluate (see"),
        ("--work w check", "there is no --work before the command; give one of run, "),
        ("run x --json=maybe", "--json takes no value; leave out 'maybe' (see"),
        ("run x --minutes 1,5", "--minutes is '1,5', but must be a number (see"),
        ("run x --seed 1 --seed 2", "--seed is given twice; give it once (see"),
        ("search a.png -k", "-k has no value; give -k VALUE (see"),
        ("run x --seed 1.5", "--seed is '1.5', but must be a whole number"),
        ("run x --groups 2.5", "--groups is '2.5', but must be a whole number or auto"),
        ("check w", "--work is missing; give --work DIR"),
    ],
)
def test_the_line_says_what_to_type(line: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(line.split())
    out, err = capsys.readouterr()
    assert (left.value.code, out) == (2, "")
    assert err.startswith(f"unpool: {message}")
    assert err.count("\n") == 1


@pytest.mark.parametrize("text", ["3.0", "3e0", "+3", "003"])
def test_a_whole_number_may_be_written_otherwise(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["run", "nowhere", "--seed", text])
    assert left.value.code == 1
    assert "there is no folder 'nowhere'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["run", ""], "an argument is empty; give a value"),
        (["run", "x", "--work", ""], "--work has no value; give --work DIR"),
        (["check", "--work="], "--work has no value; give --work DIR"),
        (["search", "", "--work", "w"], "an argument is empty"),
    ],
)
def test_an_empty_value_is_not_the_current_folder(
    argv: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        main(argv)
    assert left.value.code == 2
    assert capsys.readouterr().err.startswith(f"unpool: {message}")


@pytest.mark.parametrize(
    "line", ["embed photos", "segment predict photos --model m --out o", "train photos --out m"]
)
def test_a_command_that_shares_no_work_is_one_process(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    argv = line.split()
    check_num_processes(argv)
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "2")
    if argv[0] == "train":
        check_num_processes(argv)
        return
    name = "segment predict" if argv[0] == "segment" else argv[0]
    with pytest.raises(
        UsageError, match=f"2 processes were started together, but `unpool {name}` is one process"
    ):
        check_num_processes(argv)
