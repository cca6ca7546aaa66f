"""A name becomes a key, a key leads to its file again, and long names stay different when they are cut."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from unpool.core.file_names import (
    MAX_NAME_BYTES,
    find_file,
    find_typed,
    folded,
    printable,
    shorten,
    to_key,
    unique_keys,
)

LATIN1 = os.fsdecode(b"caf\xe9.png")
COMPOSED, DECOMPOSED = "caf\u00e9.png", "cafe\u0301.png"


def make(folder: Path, *names: str) -> None:
    try:
        for name in names:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(name, "utf-8", "surrogateescape")
    except (OSError, UnicodeError):
        pytest.skip("this file system takes other names only")
    if {path.name for path in folder.iterdir()} < {Path(name).parts[0] for name in names}:
        pytest.skip("this file system takes some of these names for the same")


@pytest.mark.parametrize(
    "names",
    [
        ["plain.png", COMPOSED, "a b/c.png"],
        [DECOMPOSED],
        [COMPOSED, DECOMPOSED],
        [LATIN1],
        [LATIN1, "caf\\xe9.png"],
        [os.fsdecode(b"caf\xe9/in.png"), "cafe\u0301/in.png", "caf\\xe9/out.png"],
        ["ends with~.png~", "new\nline.png", " lead", "100%.png", "~", "back\\slash.png"],
    ],
)
def test_every_key_leads_to_its_file(names: list[str], tmp_path: Path) -> None:
    make(tmp_path, *names)
    keys = unique_keys(names)
    every = [keys.get(name, name) for name in names]
    assert len(set(every)) == len(names)
    for key, name in zip(every, names, strict=True):
        key.encode("utf-8")
        assert find_file(tmp_path, key) == tmp_path / name
    assert find_file(tmp_path, "gone.png") is None


def test_both_forms_of_a_letter_have_one_key() -> None:
    assert to_key(DECOMPOSED) == to_key(COMPOSED) == COMPOSED
    assert folded("CAFE\u0301.PNG") == folded(COMPOSED)
    assert unique_keys([COMPOSED, "a.png"]) == {}


def test_a_name_takes_one_line_of_a_terminal() -> None:
    assert printable("a\rb\x1b[31m\u2028.png") == "a\\rb\\x1b[31m\\u2028.png"
    assert printable("schöne 😀.png") == "schöne 😀.png"


def test_names_that_are_too_long_are_cut_to_bytes_and_stay_different() -> None:
    names = ["ü" * 200 + end for end in (".png", "x.png", ".jpeg")]
    short = [shorten(name) for name in names]
    assert len(set(short)) == 3
    for name in short:
        assert len(name.encode()) <= MAX_NAME_BYTES
        assert name.startswith("ü" * 100)
    assert [Path(name).suffix for name in short] == [".png", ".png", ".jpeg"]
    fits = "m" * 251 + ".png"
    assert shorten(fits) == fits
    assert shorten(fits, 100) != fits


def test_what_was_typed_in_another_form_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, f"photos/{DECOMPOSED}", f"photos/{LATIN1}")
    monkeypatch.chdir(tmp_path)
    assert find_typed(Path("photos") / COMPOSED) == Path("photos") / DECOMPOSED
    assert find_typed(tmp_path / "photos" / "caf\\xe9.png") == tmp_path / "photos" / LATIN1
    assert find_typed(Path("photos/gone.png")) == Path("photos/gone.png")


def test_a_plain_name_that_is_gone_needs_no_listing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.png").touch()
    monkeypatch.setattr(os, "scandir", lambda *_: pytest.fail("the folder was listed"))
    monkeypatch.setattr(os, "listdir", lambda *_: pytest.fail("the folder was listed"))
    assert find_file(tmp_path, "b.png") is None
    assert find_file(tmp_path, "a.png") == tmp_path / "a.png"


def test_a_letter_whose_key_is_plain_leads_to_its_file(tmp_path: Path) -> None:
    make(tmp_path, "300\u212a.png")  # the sign of kelvin
    found = find_file(tmp_path, "300K.png")
    assert found is not None
    assert found.samefile(tmp_path / "300\u212a.png")
