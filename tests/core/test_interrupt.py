"""Ctrl-C: the step under way is ended and saved, and the resumed run ends as an undisturbed one."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from unpool.core.interrupt import Interrupt
from unpool.networks.catalogue import build_network
from unpool.objectives.reconstruction import Reconstruction
from unpool.training.checkpoint import Checkpoints, load_checkpoint
from unpool.training.data.datasets import PixelSet
from unpool.training.loop import train
from unpool.training.plan import Plan

PLAN = Plan(epochs=3, batch=16, val=0.2)


def network() -> nn.Module:
    return build_network("conv", size=8, channels=1, width=4, decoder="upsample", seed=3)


def data() -> PixelSet:
    pixels = np.random.default_rng(0).integers(0, 256, (60, 8, 8, 1)).astype(np.uint8)
    return PixelSet(pixels, (0.5,), (0.5,), torch.device("cpu"))


class Pressed(Reconstruction):
    """Ctrl-C in the middle of the n-th forward pass, validation counted."""

    def __init__(self, at: int) -> None:
        super().__init__()
        self.left = at

    def forward(self, *args: object) -> Tensor:
        self.left -= 1
        if self.left == 0:
            signal.raise_signal(signal.SIGINT)
        return super().forward(*args)


@pytest.mark.parametrize(("at", "step"), [(2, 2), (3, 3), (4, 3), (9, 7), (12, 9)])
def test_the_step_under_way_is_saved_whole(at: int, step: int, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        train(network(), data(), Pressed(at), PLAN, checkpoints=Checkpoints(tmp_path))
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    saved = load_checkpoint(tmp_path)
    assert saved is not None
    assert saved["step"] == step
    resumed, whole = network(), network()
    history = train(resumed, data(), Reconstruction(), PLAN, checkpoints=Checkpoints(tmp_path))
    assert history.epochs == train(whole, data(), Reconstruction(), PLAN).epochs
    pairs = zip(resumed.state_dict().values(), whole.state_dict().values(), strict=True)
    assert all(torch.equal(ours, theirs) for ours, theirs in pairs)


def test_a_second_ctrl_c_leaves_at_once_and_handlers_of_others_stay() -> None:
    def pressed_twice() -> None:
        with Interrupt() as interrupt:
            signal.raise_signal(signal.SIGINT)
            assert interrupt.is_requested
            signal.raise_signal(signal.SIGINT)
            pytest.fail("the second was only noted")

    def pressed_in_helpers_too() -> None:
        with Interrupt():
            signal.raise_signal(signal.SIGINT)
            raise RuntimeError("a helper process is gone")

    for pressed in (pressed_twice, pressed_in_helpers_too):
        with pytest.raises(KeyboardInterrupt):
            pressed()
    seen: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: seen.append(number))
    try:
        with Interrupt() as interrupt:
            signal.raise_signal(signal.SIGINT)
        assert (seen, interrupt.is_requested) == ([signal.SIGINT], False)
    finally:
        signal.signal(signal.SIGINT, before)


TERMINATED = """
import os, signal, sys, time
from unpool.core.interrupt import Interrupt, stop_when_terminated
stop_when_terminated()
if sys.argv[1] == "ignored":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
if sys.argv[1] == "forked":
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.write(writing, b"ready")  # the signal must not come before the fork is over
        time.sleep(60)
        os._exit(0)
    os.read(reading, 5)
    os.kill(child, signal.SIGTERM)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
try:
    with Interrupt() as interrupt:
        os.kill(os.getpid(), signal.SIGTERM)
        print("deferred", interrupt.is_requested)
except KeyboardInterrupt:
    print("stopped")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
@pytest.mark.parametrize(
    ("case", "printed"),
    [
        ("plain", ["deferred True", "stopped"]),
        ("ignored", ["stopped"]),
        ("forked", ["-15", "deferred True", "stopped"]),
    ],
)
def test_sigterm_is_taken_as_ctrl_c(case: str, printed: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", TERMINATED, case], capture_output=True, text=True, check=True
    )
    assert done.stdout.split("\n")[:-1] == printed
