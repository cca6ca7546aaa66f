"""An error is one line on standard error and an exit code."""

from __future__ import annotations

import errno
import threading

import pytest

from unpool.cli.errors import exit_code_of, report_thread_errors
from unpool.errors import UnpoolError, UsageError


class PanicException(BaseException):
    """What libraries in Rust raise where they give up."""


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
            OSError("LanceError(IO): Generic LocalFileSystem error: No space left on device (os error 28), /x/io.rs:1"),
            1, "unpool: Generic LocalFileSystem error: No space left on device (os error 28); free some, or name a "
            "folder on another disk\n",
        ),
        (
            RuntimeError("cannot write: No space left on device"), 1,
            "unpool: cannot write: No space left on device; free some, or name a folder on another disk\n",
        ),
        (
            PanicException("index out of bounds"), 1,
            "unpool: index out of bounds (a file may be damaged: `unpool doctor --work DIR` finds out)\n",
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


def test_errors_of_threads_are_one_line_too(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)  # put back afterwards
    report_thread_errors(["run"])

    def fail(error: Exception) -> None:
        raise error

    for error in (ValueError("wrong"), OSError(errno.ENOSPC, "No space left on device")):
        thread = threading.Thread(target=fail, args=(error,), name="the log")
        thread.start()
        thread.join()
    assert capsys.readouterr().err == "unpool: ValueError: wrong (in the log, while the command went on)\n"


def test_ctrl_c_is_how_a_server_ends(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(KeyboardInterrupt(), capsys, ["view", "--work", "w"]) == (0, "")


@pytest.mark.parametrize("error", [UsageError("wrong"), KeyboardInterrupt()])
def test_what_all_processes_of_a_machine_say_is_printed_once(
    error: BaseException, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, line = run(error, capsys, ["train", "x"])
    assert line.count("\n") == 1
    monkeypatch.setenv("LOCAL_RANK", "1")
    assert run(error, capsys, ["train", "x"]) == (code, "")


def test_an_error_of_one_process_alone_is_printed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOCAL_RANK", "1")
    error = UnpoolError("its disk is full")
    assert run(error, capsys) == (1, "unpool: its disk is full\n")
    error.is_repeated = True
    assert run(error, capsys) == (1, "")
