"""The command line answers at once, shows every option's range, and keeps to its exit codes."""

from __future__ import annotations

import inspect
import subprocess
import sys

import pytest

from unpool.cli.main import app
from unpool.options import OPTIONS

EVERYWHERE = {"json", "config", "debug"}
# The options that not every command takes, where they act.
SHARED = {
    "run": {"seed", "data", "device"}, "demo": {"seed", "device"}, "embed": {"data", "device"},
    "train": {"seed", "data", "device"}, "reconstruct": {"seed", "data", "device"}, "group": {"seed"},
    "map": {"seed"}, "check": {"seed", "device"}, "search": {"device"}, "evaluate": set(), "export": set(),
    "networks": set(), "label": set(), "accept": set(), "reject": set(), "keep": set(),
    "move": set(), "spread": {"seed"}, "undo": set(), "redo": set(), "view": set(), "cache": set(),
    "doctor": set(), "spaces": set(), "read-text": set(), "watch": {"seed", "device"},
    "suggest": {"seed"}, "clean": set(), "classify train": {"seed", "device"},
    "classify predict": {"seed", "data", "device"},
    "segment train": {"seed", "device"}, "segment predict": {"device"}, "segment evaluate": {"device"},
    "inspect predict": set(), "inspect evaluate": set(),
}  # fmt: skip
HEAVY = ["torch", "lance", "pandas", "numpy", "sklearn", "PIL", "matplotlib", "onnxruntime", "obstore", "ray"]


def unpool(*argv: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "unpool", *argv], capture_output=True, text=True)


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['unpool', '--help']\nfrom unpool.cli.main import main\n"
        f"try: main()\nexcept SystemExit: print([n for n in {HEAVY} if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.rstrip().endswith("[]")


def test_what_reads_a_model_does_not_load_torchvision() -> None:
    """It takes longer than torch itself, and no command but training with transforms needs it."""
    code = (
        "import sys, unpool.inference.reconstruction, unpool.actions.segmentation.predict\n"
        "import unpool.actions.training.train\n"
        "print([name for name in ('torchvision', 'torch._dynamo') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def help_of(command: str, capsys: pytest.CaptureFixture[str]) -> str:
    app([*command.split(), "--help"], exit_on_error=False)
    return " ".join(capsys.readouterr().out.replace("│", " ").split())


@pytest.mark.parametrize("command", SHARED)
def test_a_command_takes_the_options_that_act_on_it(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    shown = {word.removeprefix("--") for word in help_of(command, capsys).split() if word.startswith("--")}
    assert shown >= EVERYWHERE
    assert shown & {"seed", "data", "device"} == SHARED[command]


def test_every_command_is_tested() -> None:
    names = {name for name in app if not name.startswith("-")}
    assert names == {command.split()[0] for command in SHARED}


def test_help_shows_ranges_and_choices(capsys: pytest.CaptureFixture[str]) -> None:
    shown = help_of("group", capsys)
    assert OPTIONS["groups"].describe() in shown
    assert OPTIONS["method"].describe() in shown


def test_a_command_has_the_parameters_of_its_settings() -> None:
    parameters = inspect.signature(app["group"].default_command).parameters
    assert list(parameters) == [
        "work",
        "space",
        "method",
        "groups",
        "merge",
        "split",
        "names",
        "seed",
        "common",
    ]


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["nonsense"], "nonsense"),
        (["run"], "FOLDER is missing; give a folder of images, or a named data set such as digits"),
        (["check"], "--work is missing; give --work DIR"),
        (["check", "--work"], "--work has no value; give --work DIR"),
        (["embed", "x"], "--model is missing; name a model folder or a network such as efficientnet-lite0"),
        (["group", "--work", "x", "extra"], "'extra' is one argument too many"),
        (["run", "x", "--groups", "many"], "--groups is 'many', but must be a whole number or auto"),
        (["run", "x", "--groups", "1"], "--groups is 1, but must be a number from 2 to 100000 or auto"),
        (["run", "x", "--no"], "--no"),
        (["group", "--work", "x", "--method", "kmean"], "unknown --method 'kmean'; did you mean 'kmeans'?"),
        (["map", "--work", "x", "--method", "tsn"], "unknown --method 'tsn'; did you mean 'tsne'?"),
        (["export", "--work", "x", "--out", "y", "--to", "cvs"], "unknown --to 'cvs'; did you mean 'csv'?"),
        (["run", "x", "--minutes", "1", "--steps", "3"], "--minutes and --steps both say how long to train"),
        (["check", "--work", "x", "--seed", "-1"], "--seed is -1, but must be a number from 0"),
    ],
)
def test_wrong_usage_is_one_line_that_says_what_to_give(argv: list[str], message: str) -> None:
    done = unpool(*argv)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("unpool: ")
    assert done.stderr.count("\n") == 1
    assert message in done.stderr


def test_short_flag_of_search_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    assert "-k" in help_of("search", capsys).split()
