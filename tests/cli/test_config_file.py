"""`--config FILE` adds options to a command line; what is typed wins."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from unpool.cli.config_file import with_config
from unpool.cli.main import app, main
from unpool.errors import UsageError


def write(folder: Path, content: str | bytes, command: str = "run photos") -> list[str]:
    data = content if isinstance(content, bytes) else content.encode()
    (folder / "a.yaml").write_bytes(data)
    return [*command.split(), "--config", str(folder / "a.yaml")]


def added(folder: Path, content: str | bytes, command: str = "run photos") -> list[str]:
    argv = write(folder, content, command)
    return with_config(argv, app)[len(argv) :]


def test_options_of_the_file_come_after_the_command_line(tmp_path: Path) -> None:
    content = "groups: 3\nno_open: true\njson: false\nwork: null\nminutes: 0.1\n"
    assert added(tmp_path, content) == ["--groups=3", "--no-open", "--minutes=0.1"]


def test_what_is_typed_wins(tmp_path: Path) -> None:
    argv = write(tmp_path, "k: 5\ndevice: cpu\nwork: w\n", "search a.png")
    assert with_config([*argv, "--device=mps", "-k", "7"], app) == [
        *argv,
        "--device=mps",
        "-k",
        "7",
        "--work=w",
    ]


def test_an_equals_sign_names_the_file_too(tmp_path: Path) -> None:
    write(tmp_path, "seed: 3")
    assert with_config(["demo", f"--config={tmp_path / 'a.yaml'}"], app)[-1] == "--seed=3"


def test_options_stand_before_the_end_of_options(tmp_path: Path) -> None:
    argv = write(tmp_path, "as: cat\nwork: w", "label")
    assert with_config([*argv, "--", "--help.png"], app) == [
        *argv,
        "--as=cat",
        "--work=w",
        "--",
        "--help.png",
    ]


@pytest.mark.parametrize(
    "text",
    ["2024_05", "1:30", "010", "0x1F", "1e3", "1_000", "2024-05-01", "None", "NaN", ".5", "+3", "007", "yes", "off",
     "12:00:00", "'null'", '"~"', "a b", "C:\\photos", "x#y", "=1"],
)  # fmt: skip
def test_a_value_is_the_text_that_is_written(tmp_path: Path, text: str) -> None:
    assert added(tmp_path, f"as: {text}\n", "label") == [f"--as={text.strip(chr(34)).strip(chr(39))}"]


@pytest.mark.parametrize(
    ("text", "flags"),
    [("true", ["--json"]), ("Yes", ["--json"]), ("on", ["--json"]), ("'true'", ["--json"]), ("no", []), ("off", []),
     ("False", []), ("", []), ("null", [])],
)  # fmt: skip
def test_a_flag_is_on_or_off_in_any_of_the_words(tmp_path: Path, text: str, flags: list[str]) -> None:
    assert added(tmp_path, f"json: {text}\n") == flags


def test_a_tilde_is_the_home_folder_in_the_file_and_behind_an_equals_sign(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.setenv("USERPROFILE", "/home/me")
    assert added(tmp_path, "work: ~/w\nnetwork: '~/m'") == ["--work=/home/me/w", "--network=/home/me/m"]
    assert with_config(["embed", "x", "--work=~/w"], app)[-1] == "--work=/home/me/w"
    assert with_config(["label", "--as=~/w"], app)[-1] == "--as=~/w"
    with pytest.raises(UsageError, match="there is no home folder of ~nobody-of-this-name"):
        with_config(["embed", "x", "--work=~nobody-of-this-name/w"], app)


@pytest.mark.parametrize(
    "content",
    ["\ufeffgroups: 3\n".encode(), "groups: 3\n".encode("utf-16"), b"groups:\t3\t\r\n", b"groups: 3\r\n# x\r\n",
     b"---\ngroups: 3\n...\n", b"--groups: 3\n", b'{"groups": 3}', b"groups: >\n  3\n"],
)  # fmt: skip
def test_other_programs_write_the_same_in_other_forms(tmp_path: Path, content: bytes) -> None:
    assert added(tmp_path, content) == ["--groups=3"]


@pytest.mark.parametrize("content", ["", "# nothing\n", "---\n", "\ufeff", "{}"])
def test_an_empty_file_adds_nothing(tmp_path: Path, content: str) -> None:
    assert added(tmp_path, content) == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("groups: [1, 2]", r"line 1: groups is the list \[1, 2\], but must be one value"),
        ("seed: 1\ngroups: {a: 1}", "line 2: groups has values inside its value"),
        ("- 3", "must hold `option: value` lines"),
        ("groups = 3", "must hold `option: value` lines"),
        ("groups:3", "must hold `option: value` lines, with a blank after the colon"),
        ("1: 3", "line 1: 1 is no option of `unpool run`"),
        ("groups: !!python/object/apply:os.system [ls]", "groups has the tag .*os.system, but must be one value"),
        ("groups: !!python/name:os.system x", "groups has the tag .*os.system, but must be one value"),
        ("groups: 3\nseed: 1\ngroups: 5", "groups stands twice, on the lines 1 and 3; remove one"),
        ("no-open: true\nno_open: false", "no-open stands twice, on the lines 1 and 2"),
        ("groups: 3\n\tseed: 1", "cannot be read as YAML: line 2: found character"),
        ("a: 1\n---\nb: 2", "cannot be read as YAML: "),
        ("[" * 5000, "cannot be read as YAML: "),
        (b"groups: \xe9\n", "is neither UTF-8 nor UTF-16; save it as UTF-8"),
        ("group: 3", "line 1: group is no option of `unpool run`; did you mean groups?"),
        ("Groups: 3", "line 1: Groups is no option of `unpool run`; did you mean groups?"),
        ("class_weights: sqrt", "class-weights is no option of `unpool run`.*`unpool segment train`.*remove it"),
        ("config: b.yaml", "config is no option of `unpool run` in a file"),
        ("json: maybe", "line 1: json is 'maybe', but must be true or false"),
        ("json: [true]", "line 1: json is 'true', but must be true or false"),
        ("work: ~", "work is a tilde alone, which is nothing in YAML; write ~/"),
        ("work: $HOME/w", r"work is \$HOME/w; variables are not replaced in a file"),
        ("work: ${HOME}/w", "variables are not replaced in a file"),
    ],
)  # fmt: skip
def test_anything_but_options_of_the_command_is_refused(
    tmp_path: Path, content: str | bytes, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(UsageError, match=message) as error:
        added(tmp_path, content)
    assert re.search(r"--config .*a\.yaml", str(error.value))
    assert "\n" not in str(error.value)


def test_a_missing_file_a_folder_and_two_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.yaml: there is no such file"):
        with_config(["demo", "--config", str(tmp_path / "none.yaml")], app)
    with pytest.raises(UsageError, match="cannot be read as YAML"):
        with_config(["demo", "--config", str(tmp_path)], app)
    with pytest.raises(UsageError, match=r"--config is given twice, as a\.yaml and b\.yaml"):
        with_config(["demo", "--config", "a.yaml", "--config=b.yaml"], app)


def test_commands_inside_commands_have_options_of_their_own(tmp_path: Path) -> None:
    assert added(tmp_path, "class_weights: sqrt", "segment train a b") == ["--class-weights=sqrt"]
    write(tmp_path, "seed: 3")
    argv = ["nothing", "--config", str(tmp_path / "a.yaml")]
    assert with_config(argv, app) == argv  # the program says that there is no such command


def test_debug_in_a_config_file_shows_the_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "c.yaml").write_text("debug: true\n")
    with pytest.raises(SystemExit):
        main(["check", "--work", str(tmp_path / "none.unpool"), "--config", str(tmp_path / "c.yaml")])
    assert "Traceback" in capsys.readouterr().err
