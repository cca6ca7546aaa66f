"""Rows of all processes, and gradients that find their way back."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from unpool.objectives.gather import gather_rows


def test_one_process_has_its_own_rows() -> None:
    rows = torch.eye(3, requires_grad=True)
    found, first = gather_rows(rows)
    assert found is rows
    assert first == 0


WORK = """
import sys, torch
import torch.distributed as dist
from unpool.objectives.gather import gather_rows

rank, store, out = int(sys.argv[1]), sys.argv[2], sys.argv[3]
torch.set_num_threads(1)
dist.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=2)
own = torch.full((rank + 1, 2), float(rank + 1), requires_grad=True)  # one row, and two
rows, first = gather_rows(own)
weight = torch.arange(3.0)[:, None] * (rank + 1)
(rows * weight).sum().backward()
torch.save({"rows": rows.detach(), "first": first, "gradient": own.grad}, f"{out}-{rank}.pt")
dist.destroy_process_group()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs gloo with a file store")
def test_two_processes_of_different_sizes(tmp_path: Path) -> None:
    # Started anew: a fork of this process would have the locks of its threads, and not the threads.
    places = [str(tmp_path / "store"), str(tmp_path / "out")]
    processes = [subprocess.Popen([sys.executable, "-c", WORK, str(rank), *places]) for rank in (0, 1)]
    assert [process.wait(timeout=120) for process in processes] == [0, 0]
    zero, one = (torch.load(tmp_path / f"out-{rank}.pt", weights_only=True) for rank in (0, 1))
    assert zero["rows"].tolist() == one["rows"].tolist() == [[1.0, 1.0], [2.0, 2.0], [2.0, 2.0]]
    assert (zero["first"], one["first"]) == (0, 1)
    # d/d row i of (1 + 2) · i: what both processes made of it.
    assert zero["gradient"].tolist() == [[0.0, 0.0]]
    assert one["gradient"].tolist() == [[3.0, 3.0], [6.0, 6.0]]
