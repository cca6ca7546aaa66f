"""A disk that fills up in the middle of a command: one clear line, exit 1; with room again the same words go on."""

from __future__ import annotations

import contextlib
import io
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.pictures import make_shapes
from support.states import MODEL, make_base
from unpool.actions.health.doctor import doctor
from unpool.cli.main import main
from unpool.store.table import ImageTable

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="tmpfs")]
STORED = Path(__file__).parents[1] / "fixtures" / "v0.1.0"
SIZE = 60  # MB of the disk
WORK = "disk/w.unpool"
EMBED = f"embed images --model model --work {WORK}"
VERBS = {
    "run": (f"run images --work {WORK} --network model --groups 2 --no-open", ()),
    "embed": (EMBED, ()),
    "group": (f"group --work {WORK} --method kmeans --groups 2", (EMBED,)),
    "map": (f"map --work {WORK} --method pca", (EMBED,)),
    "check": (f"check --work {WORK}", (EMBED,)),
    "train": ("train images --out disk/made --network conv --size 16 --epochs 2", ()),
    "export csv": (f"export --work {WORK} --to csv --out disk/o.csv", (EMBED,)),
    "export parquet": (f"export --work {WORK} --to parquet --out disk/o.parquet", (EMBED,)),
    "export html": (f"export --work {WORK} --to html --out disk/o.html", (EMBED,)),
    "export folders": (f"export --work {WORK} --to folders --out disk/o", (EMBED,)),
    "segment predict": ("segment predict images --model segmenter --out disk/labels", ()),
    "label": (f"label a/000.png --work {WORK} --as hat", (EMBED,)),
}


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    """Images and models on the usual disk, and a small disk beside them."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE}m", "tmpfs", str(disk)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("this user may not mount a disk")
    try:
        make_base(tmp_path / "base")
        shutil.move(tmp_path / "base" / MODEL, tmp_path / "model")
        make_shapes(tmp_path / "images", each=20, size=64)
        (tmp_path / "images" / "disc").rename(tmp_path / "images" / "a")
        shutil.copytree(STORED / "segmenter", tmp_path / "segmenter")
        yield tmp_path
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=False)


def command(words: str, root: Path) -> tuple[int, list[str]]:
    """The exit code of a command in this process, and its lines of errors."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.chdir(root), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main([*words.split(), "--json"])
        except SystemExit as left:
            code = int(left.code or 0)
    said = err.getvalue()
    assert "Traceback" not in said, said
    assert "fault of unpool" not in said, said
    return code, [line for line in said.splitlines() if line.startswith("unpool: ")]


def fill(disk: Path, leave: int) -> Path:
    """Fill a disk but for some bytes."""
    filler = disk / "filler"
    room = shutil.disk_usage(disk).free - leave
    with contextlib.suppress(OSError), filler.open("wb") as stream:
        for _ in range(room // 65536 + 1):
            stream.write(bytes(min(65536, max(0, room))))
            room -= 65536
    return filler


def check_line(code: int, lines: list[str]) -> None:
    assert code == 1
    assert len(lines) == 1, lines
    assert "space" in lines[0], lines
    remedies = ("free some", "is there space left", "name another folder")
    assert any(remedy in lines[0] for remedy in remedies), lines


@pytest.mark.parametrize("leave", [0, 40_000])
@pytest.mark.parametrize("verb", VERBS)
def test_a_full_disk_is_one_line_and_the_same_words_go_on(verb: str, leave: int, root: Path) -> None:
    words, before = VERBS[verb]
    for each in before:
        assert command(each, root)[0] == 0
    filler = fill(root / "disk", leave)
    code, lines = command(words, root)
    if code or leave == 0:
        check_line(code, lines)
    filler.unlink()
    assert command(words, root) == (0, []), verb
    if (root / WORK).is_dir():
        assert doctor(root / WORK)["problems"] == []


def test_a_run_is_stopped_wherever_the_disk_is_full(root: Path) -> None:
    """While rows are written, groups, pictures and the page."""
    words, stopped = VERBS["run"][0], 0
    for leave in (100_000, 200_000, 400_000, 600_000, 800_000, 1_100_000, 1_500_000, 2_000_000):
        filler = fill(root / "disk", leave)
        code, lines = command(words, root)
        if code:
            check_line(code, lines)
            stopped += 1
        filler.unlink()
        assert command(words, root) == (0, []), leave
        assert len(ImageTable(root / WORK)) == 60
        assert doctor(root / WORK)["problems"] == [], leave
        shutil.rmtree(root / WORK)
    assert stopped >= 4


def test_a_disk_that_fills_in_the_middle_of_a_run(root: Path) -> None:
    """As large images and other programs do it: the disk is filled once the table is there."""
    words = VERBS["run"][0]
    process = subprocess.Popen(
        [sys.executable, "-m", "unpool", *words.split(), "--json"], cwd=root, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    filled = threading.Event()

    def watch() -> None:
        while process.poll() is None and not (root / WORK / "images.lance").exists():
            time.sleep(0.01)
        fill(root / "disk", 0)
        filled.set()

    threading.Thread(target=watch).start()
    _, err = process.communicate(timeout=300)
    filled.wait(30)
    check_line(process.returncode, [line for line in err.splitlines() if line.startswith("unpool: ")])
    assert "Traceback" not in err
    (root / "disk" / "filler").unlink()
    assert command(words, root)[0] == 0
    assert len(ImageTable(root / WORK)) == 60
    assert doctor(root / WORK)["problems"] == []


def test_files_that_vanish_or_change_during_a_run(tmp_path: Path) -> None:
    make_base(tmp_path)
    make_shapes(tmp_path / "many", each=150, size=64)
    process = subprocess.Popen(
        [sys.executable, "-m", "unpool", "embed", "many", "--model", MODEL, "--work", "w.unpool", "--json"],
        cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    while process.poll() is None and not (tmp_path / "w.unpool" / "images.lance").exists():
        time.sleep(0.01)
    files = sorted((tmp_path / "many").rglob("*.png"))
    for number, file in enumerate(files[::-1]):
        if number % 3 == 0:
            file.unlink()
        elif number % 3 == 1:
            file.write_bytes(file.read_bytes()[:30])
    _, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert "Traceback" not in err
    left = {file.relative_to(tmp_path / "many").as_posix() for file in files if file.exists()}
    done = command("embed many --model model --work w.unpool", tmp_path)
    assert done[0] == 0
    frame = ImageTable(tmp_path / "w.unpool").frame(["path", "status"])
    assert set(frame["path"]) == left
    assert doctor(tmp_path / "w.unpool")["problems"] == []
