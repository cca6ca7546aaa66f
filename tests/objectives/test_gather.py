"""Rows of all processes, and gradients that find their way back."""

from __future__ import annotations

import multiprocessing
import sys
from pathlib import Path

import pytest
import torch
import torch.distributed as dist

from unpool.objectives.gather import gather_rows


def test_one_process_has_its_own_rows() -> None:
    rows = torch.eye(3, requires_grad=True)
    found, first = gather_rows(rows)
    assert found is rows
    assert first == 0


def _work(rank: int, store: str, out: str) -> None:
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=2)
    own = torch.full((rank + 1, 2), float(rank + 1), requires_grad=True)  # one row, and two
    rows, first = gather_rows(own)
    weight = torch.arange(3.0)[:, None] * (rank + 1)
    (rows * weight).sum().backward()
    torch.save({"rows": rows.detach(), "first": first, "gradient": own.grad}, f"{out}-{rank}.pt")
    dist.destroy_process_group()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="forks")
def test_two_processes_of_different_sizes(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    arguments = [(rank, str(tmp_path / "store"), str(tmp_path / "out")) for rank in (0, 1)]
    processes = [context.Process(target=_work, args=each) for each in arguments]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    zero, one = (torch.load(tmp_path / f"out-{rank}.pt", weights_only=True) for rank in (0, 1))
    assert zero["rows"].tolist() == one["rows"].tolist() == [[1.0, 1.0], [2.0, 2.0], [2.0, 2.0]]
    assert (zero["first"], one["first"]) == (0, 1)
    # d/d row i of (1 + 2) · i: what both processes made of it.
    assert zero["gradient"].tolist() == [[0.0, 0.0]]
    assert one["gradient"].tolist() == [[3.0, 3.0], [6.0, 6.0]]
