"""What is printed in any shell: other encodings, readers that go away, streams that are closed."""

from __future__ import annotations

import codecs
import os
import subprocess
import sys

import pytest

from unpool.cli.streams import ESCAPE, escape

codecs.register_error(ESCAPE, escape)
PRINT = """
import sys
from unpool.cli.errors import exit_code_of
from unpool.cli.streams import prepare_streams
prepare_streams()
def act():
    print("\\u2018blue\\u2019 2\\u00d73 \\u5199\\u771f \\udc80")
    print("to people", file=sys.stderr)
    for number in range(int(sys.argv[1])):
        print("line", number, "x" * 100)
sys.exit(exit_code_of(act, []))
"""


def run(shell: str, lines: int = 0, **environment: str) -> tuple[int, bytes, bytes]:
    """The program in a shell line, where it stands as $RUN."""
    done = subprocess.run(
        ["bash", "-c", shell], capture_output=True, check=False, timeout=60,
        env=os.environ | {"RUN_CODE": PRINT, "LINES_": str(lines), "PYTHON": sys.executable} | environment,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


PROGRAM = '"$PYTHON" -c "$RUN_CODE" "$LINES_"'
needs_shell = pytest.mark.skipif(sys.platform == "win32", reason="needs bash")


@pytest.mark.parametrize(
    ("encoding", "written"),
    [
        ("ascii", b"'blue' 2x3 \\u5199\\u771f \\udc80\n"),
        ("latin-1", b"'blue' 2\xd73 \\u5199\\u771f \\udc80\n"),
        ("cp1252", b"\x91blue\x92 2\xd73 \\u5199\\u771f \\udc80\n"),
        ("utf-8", "‘blue’ 2×3 写真 \\udc80\n".encode()),
        ("ascii:strict", b"'blue' 2x3 \\u5199\\u771f \\udc80\n"),
    ],
)
@needs_shell
def test_what_the_encoding_lacks_is_escaped(encoding: str, written: bytes) -> None:
    assert run(PROGRAM, PYTHONIOENCODING=encoding) == (0, written, b"to people\n")


@needs_shell
def test_a_c_locale_without_utf8_escapes_too() -> None:
    code, out, _ = run(PROGRAM, LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    assert (code, out) == (0, b"'blue' 2x3 \\u5199\\u771f \\udc80\n")


@pytest.mark.parametrize(
    "shell",
    [
        f"set -o pipefail; {PROGRAM} | head -1 >/dev/null",
        f"set -o pipefail; {PROGRAM} | true",
        f"set -o pipefail; {PROGRAM} 2>&1 >/dev/null | true",
        f"{PROGRAM} >&-",
        f"{PROGRAM} <&- 2>&- >/dev/null",
        f"{PROGRAM} <&- >&- 2>&-",
        f"{PROGRAM} 2>/dev/full >/dev/null",
    ],
)
@needs_shell
def test_a_stream_that_is_closed_changes_nothing(shell: str) -> None:
    code, _, err = run(shell, lines=3000)
    assert code == 0
    assert err in (b"", b"to people\n")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")  # noqa: PTH110
@needs_shell
def test_a_result_that_cannot_be_written_is_an_error() -> None:
    code, _, err = run(f"{PROGRAM} >/dev/full")
    assert code == 1
    assert err.splitlines()[1:] == [
        b"unpool: standard output: No space left on device; free some, or name a folder on another disk"
    ]


def test_an_undecodable_text_is_no_business_of_the_handler() -> None:
    with pytest.raises(UnicodeDecodeError):
        b"\xff".decode("ascii", ESCAPE)


@pytest.mark.parametrize("columns", ["0", "1", "2", "x"])
def test_help_ends_in_a_shell_without_width(columns: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "unpool", "networks", "--help"], capture_output=True, timeout=30, check=True,
        env=os.environ | {"COLUMNS": columns},
    )  # fmt: skip
    assert b"--size" in done.stdout
