"""An error is one line on standard error and an exit code."""

from __future__ import annotations

import errno

import pytest

from unpool.cli.errors import exit_code_of
from unpool.errors import UnpoolError, UsageError


def run(
    error: BaseException, capsys: pytest.CaptureFixture[str], argv: list[str] | None = None
) -> tuple[int, str]:
    def fail() -> None:
        raise error

    code = exit_code_of(fail, argv or ["run", "x"])
    return code, capsys.readouterr().err


def test_no_error_is_zero(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code_of(lambda: None, []) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (UnpoolError("a\nb"), 1, "unpool: a b\n"),
        (UsageError("wrong"), 2, "unpool: wrong\n"),
        (FileNotFoundError(errno.ENOENT, "No such file", "a.png"), 1, "unpool: a.png: No such file\n"),
        (
            OSError(errno.ENOSPC, "No space left", "a"), 1,
            "unpool: a: No space left; free some, or name a folder on another disk\n",
        ),
        (
            OSError('LanceError(IO): Permission denied (os error 13) at path "a", /home/x/lance/io.rs:10:3'), 1,
            'unpool: Permission denied (os error 13) at path "a"\n',
        ),
        (
            MemoryError(), 1,
            "unpool: there is not enough memory; close other programs, or take fewer or smaller images\n",
        ),
        (KeyError("x"), 1, "unpool: KeyError: 'x' (this is a fault of unpool: --debug shows where)\n"),
        (KeyboardInterrupt(), 1, "unpool: stopped; give the same command again to resume it\n"),
    ],
)  # fmt: skip
def test_an_error_is_one_line(
    error: BaseException, code: int, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(error, capsys) == (code, line)


@pytest.mark.parametrize("argv", [["train", "x"], ["segment", "train", "x"]])
def test_a_stopped_training_names_resume(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert "with --resume to resume" in run(KeyboardInterrupt(), capsys, argv)[1]
    assert "again to resume" in run(KeyboardInterrupt(), capsys, [*argv, "--resume"])[1]


def test_debug_shows_the_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    assert "Traceback" in run(UnpoolError("a"), capsys, ["run", "--debug"])[1]


def test_ctrl_c_is_how_a_server_ends(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(KeyboardInterrupt(), capsys, ["view", "--work", "w"]) == (0, "")
