"""The command line answers at once, tells every option's range, and keeps to its exit codes."""

from __future__ import annotations

import subprocess
import sys

import pytest

from unpool.cli.main import app
from unpool.options import OPTIONS

COMMANDS = ["run", "demo", "embed", "group", "map", "check", "search", "evaluate", "export", "networks",
            "label", "spread", "undo"]  # fmt: skip
HEAVY = ["torch", "lancedb", "pandas", "numpy", "sklearn", "PIL", "matplotlib"]


def python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout


def test_help_imports_nothing_heavy() -> None:
    words = "import sys; sys.argv = ['unpool', '--help']\nfrom unpool.cli.main import main\n"
    code = words + f"try: main()\nexcept SystemExit: print([n for n in {HEAVY} if n in sys.modules])"
    assert python(code).rstrip().endswith("[]")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_and_takes_json(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    app([command, "--help"], exit_on_error=False)
    told = capsys.readouterr().out
    assert "--json" in told
    assert all(f"--{name}" in told for name in ("config", "seed", "data", "device"))


def test_ranges_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    app(["group", "--help"], exit_on_error=False)
    told = " ".join(capsys.readouterr().out.replace("│", " ").split())
    assert OPTIONS["groups"].describe() in told


@pytest.mark.parametrize(
    "words", [["nonsense"], ["run"], ["run", "x", "--groups", "many"], ["run", "x", "--no"]]
)
def test_wrong_usage_is_one_line_and_exit_2(words: list[str]) -> None:
    done = subprocess.run([sys.executable, "-m", "unpool", *words], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("unpool: ")
    assert done.stderr.count("\n") == 1
