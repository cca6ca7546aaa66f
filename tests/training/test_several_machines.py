"""`torchrun --nnodes 2` on two addresses of this machine: one model, written once, whatever happens to a process."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from safetensors.torch import load_file

from support.masks import write_scenes

pytestmark = pytest.mark.slow

# The command itself; it saves often, so that little is waited for, and its number can be killed.
WORKER = """
import os, sys
from pathlib import Path
from unpool.core.cpu import limit_torch_warnings
limit_torch_warnings()
from unpool.training import checkpoint
checkpoint.SAVE_EVERY_SECONDS, checkpoint.SAVE_SHARE = 0.3, 1.0
Path(sys.argv[1], os.environ["RANK"]).write_text(str(os.getpid()))
from unpool.images.source import FolderSource
read, opened = FolderSource.read, Path(sys.argv[1], "opened-" + os.environ["RANK"]).open("a", buffering=1)
FolderSource.read = lambda self, file, side: (print(file.path, file=opened), read(self, file, side))[1]
from unpool.cli.main import main
sys.argv[1:] = sys.argv[2:]
main()
"""


class Machines:
    """Two launchers, each with one process, at 127.0.0.1 and 127.0.0.2."""

    def __init__(self, folder: Path, commands: Sequence[Sequence[str]]) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)
        (folder / "worker.py").write_text(WORKER)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.launchers = [self._launch(rank, command, port) for rank, command in enumerate(commands)]

    def _launch(self, rank: int, command: Sequence[str], port: int) -> subprocess.Popen[bytes]:
        line = [
            sys.executable, "-m", "torch.distributed.run", "--nnodes", "2", "--node-rank", str(rank),
            "--nproc-per-node", "1", "--rdzv-backend", "c10d", "--rdzv-endpoint", f"127.0.0.1:{port}",
            "--local-addr", f"127.0.0.{rank + 1}", "--rdzv-id", self.folder.name,
            str(self.folder / "worker.py"), str(self.folder), *command,
        ]  # fmt: skip
        out, err = ((self.folder / f"{name}-{rank}").open("w") for name in ("out", "err"))
        with out, err:
            environment = {**os.environ, "OMP_NUM_THREADS": "1"}
            return subprocess.Popen(line, stdout=out, stderr=err, env=environment)

    def wait(self, seconds: float = 200.0) -> list[int]:
        """The exit codes of both launchers."""
        end = time.monotonic() + seconds
        return [launcher.wait(max(0.1, end - time.monotonic())) for launcher in self.launchers]

    def signal(self, rank: int, number: int) -> None:
        os.kill(int((self.folder / str(rank)).read_text()), number)

    def lines(self, rank: int) -> list[str]:
        """What the command of a machine says when it ends."""
        text = (self.folder / f"err-{rank}").read_text()
        return [line for line in text.splitlines() if line.startswith("unpool: ")]

    def errors(self, rank: int) -> str:
        return (self.folder / f"err-{rank}").read_text()

    def answer(self) -> dict[str, Any]:
        """The JSON object, which the first process alone prints."""
        assert (self.folder / "out-1").read_text() == ""
        answer: dict[str, Any] = json.loads((self.folder / "out-0").read_text())
        return answer

    def close(self) -> None:
        for launcher in self.launchers:
            if launcher.poll() is None:
                launcher.kill()
                launcher.wait()
        for rank in (0, 1):
            try:
                self.signal(rank, signal.SIGKILL)
            except (OSError, ValueError):
                continue


def write_photographs(folder: Path, count: int = 40) -> Path:
    """Smooth images, and one file that cannot be read."""
    rng = np.random.default_rng(0)
    for number in range(count):
        small = Image.fromarray(rng.integers(0, 256, (4, 4, 3), np.uint8))
        path = folder / f"{'ab'[number % 2]}/{number:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        small.resize((48, 48), Image.Resampling.BICUBIC).save(path)
    (folder / "a/broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    return folder


def train_command(images: Path, out: Path, *more: str) -> list[str]:
    return [
        "train", str(images), "--out", str(out), "--network", "conv", "--size", "32", "--batch", "8", "--device", "cpu",
        "--json", *more,
    ]  # fmt: skip


def check_read_by_share(machines: Machines, images: Path) -> None:
    """Each file was decoded once, by one of the two."""
    shares = [(machines.folder / f"opened-{rank}").read_text().split() for rank in (0, 1)]
    assert sorted(shares[0] + shares[1]) == sorted(
        path.relative_to(images).as_posix() for path in images.rglob("*.png")
    )
    assert abs(len(shares[0]) - len(shares[1])) <= 1


def check_same_weights(one: Path, other: Path) -> None:
    first, second = (load_file(out / "model.safetensors") for out in (one, other))
    assert first.keys() == second.keys()
    for name in first:
        np.testing.assert_allclose(second[name], first[name], rtol=2e-3, atol=2e-4)


def wait_for_checkpoint(machines: Machines, out: Path) -> None:
    end = time.monotonic() + 120
    while not (out / "training/checkpoint.pt").exists():
        assert time.monotonic() < end, machines.errors(0)
        assert [launcher.poll() for launcher in machines.launchers] == [None, None], machines.errors(0)
        time.sleep(0.02)


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_photographs(tmp_path_factory.mktemp("photographs"))


@pytest.fixture(scope="module")
def undisturbed(images: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model of two machines that share a folder."""
    folder = tmp_path_factory.mktemp("undisturbed")
    machines = Machines(folder / "run", [train_command(images, folder / "model", "--steps", "150")] * 2)
    try:
        assert machines.wait() == [0, 0], machines.errors(0) + machines.errors(1)
        answer = machines.answer()
    finally:
        machines.close()
    check_read_by_share(machines, images)
    assert (answer["steps"], answer["images"], answer["skipped"]) == (150, 40, 1)
    assert not (folder / "model/training").exists()
    record = json.loads((folder / "model/model.json").read_text())["training"]
    assert record["processes"] == 2
    return folder / "model"


def test_machines_with_folders_of_their_own_end_with_the_same_model(
    images: Path, undisturbed: Path, tmp_path: Path
) -> None:
    outs = [tmp_path / name for name in ("first", "second")]
    machines = Machines(tmp_path / "run", [train_command(images, out, "--steps", "150") for out in outs])
    try:
        assert machines.wait() == [0, 0], machines.errors(0) + machines.errors(1)
    finally:
        machines.close()
    check_read_by_share(machines, images)
    check_same_weights(undisturbed, outs[0])
    assert not outs[1].exists()  # the first machine has the model, and nothing is left on the other


@pytest.mark.parametrize(("rank", "shared"), [(0, True), (1, False)])
def test_a_killed_process_ends_the_other_and_resume_goes_on(
    rank: int, shared: bool, images: Path, undisturbed: Path, tmp_path: Path
) -> None:
    outs = [tmp_path / "model", tmp_path / ("model" if shared else "second")]
    machines = Machines(tmp_path / "killed", [train_command(images, out, "--steps", "150") for out in outs])
    try:
        wait_for_checkpoint(machines, outs[0])
        began = time.monotonic()
        machines.signal(rank, signal.SIGKILL)
        assert machines.wait(60) == [1, 1]
        assert time.monotonic() - began < 60
    finally:
        machines.close()
    other = 1 - rank
    (line,) = machines.lines(other)
    host = re.escape(socket.gethostname())
    assert re.match(rf"unpool: process {rank} of 2 (on {host} )?was killed", line)
    assert line.endswith("start all processes again with --resume")
    assert "/src/unpool/" not in machines.errors(other)  # no traceback through the program
    commands = [train_command(images, out, "--steps", "150", "--resume") for out in outs]
    machines = Machines(tmp_path / "resumed", commands)
    try:
        assert machines.wait() == [0, 0], machines.errors(0) + machines.errors(1)
    finally:
        machines.close()
    assert machines.answer()["steps"] == 150
    check_same_weights(undisturbed, outs[0])


@pytest.mark.parametrize("rank", [0, 1])
def test_a_terminated_process_ends_all_with_what_was_done_saved(
    rank: int, images: Path, undisturbed: Path, tmp_path: Path
) -> None:
    out = tmp_path / "model"
    machines = Machines(tmp_path / "stopped", [train_command(images, out, "--steps", "150")] * 2)
    try:
        wait_for_checkpoint(machines, out)
        machines.signal(rank, signal.SIGTERM)
        assert machines.wait(60) == [1, 1]
    finally:
        machines.close()
    for each in (0, 1):
        assert machines.lines(each) == ["unpool: stopped; give the same command with --resume to resume it"]
        assert "/src/unpool/" not in machines.errors(each)
    machines = Machines(tmp_path / "resumed", [train_command(images, out, "--steps", "150", "--resume")] * 2)
    try:
        assert machines.wait() == [0, 0]
    finally:
        machines.close()
    check_same_weights(undisturbed, out)


def test_machines_with_other_images_are_an_error_in_one_line(images: Path, tmp_path: Path) -> None:
    fewer = write_photographs(tmp_path / "fewer", 38)
    commands = [train_command(each, tmp_path / "model", "--steps", "5") for each in (images, fewer)]
    machines = Machines(tmp_path / "run", commands)
    try:
        assert machines.wait(60) == [1, 1]
    finally:
        machines.close()
    (line,) = machines.lines(0)
    assert "the machines do not have the same images" in line
    assert "process 0 sees 41 files, process 1 39; give all machines the same files" in line


def test_a_segmenter_learns_on_two_machines_and_resumes(tmp_path: Path) -> None:
    images, masks = write_scenes(tmp_path, 12)
    options = [
        "--backbone", "conv", "--size", "32", "--enlarge", "1", "--lr", "0.01", "--batch", "4", "--steps", "60",
        "--folds", "0", "--device", "cpu", "--json",
    ]  # fmt: skip

    def start(run: str, name: str, *more: str) -> Machines:
        outs = [tmp_path / name, tmp_path / f"{name}-second"]
        commands = [
            ["segment", "train", str(images), str(masks), "--out", str(out), *options, *more] for out in outs
        ]
        return Machines(tmp_path / run, commands)

    for run, more in (("whole-run", ()), ("resumed-run", ("--resume",))):
        if more:
            killed = start("killed-run", "resumed")
            try:
                wait_for_checkpoint(killed, tmp_path / "resumed")
                killed.signal(1, signal.SIGKILL)
                assert killed.wait(60) == [1, 1]
                assert "process 1 of 2" in killed.lines(0)[0]
            finally:
                killed.close()
        machines = start(run, run.removesuffix("-run"), *more)
        try:
            assert machines.wait() == [0, 0], machines.errors(0) + machines.errors(1)
            assert machines.answer()["steps"] == 60
        finally:
            machines.close()
    check_same_weights(tmp_path / "whole", tmp_path / "resumed")
    assert not (tmp_path / "whole-second").exists()


def test_a_command_that_shares_no_work_is_refused_once(images: Path, tmp_path: Path) -> None:
    command = ["embed", str(images), "--work", str(tmp_path / "w.unpool")]
    machines = Machines(tmp_path / "run", [command] * 2)
    try:
        assert machines.wait(60) == [1, 1]
    finally:
        machines.close()
    for rank in (0, 1):
        (line,) = machines.lines(rank)
        assert "`unpool embed` is one process" in line
    assert not (tmp_path / "w.unpool").exists()
