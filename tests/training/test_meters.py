"""Means of an epoch, weighed by the images of each batch."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from unpool.training.meters import LossMeter


def test_batches_weigh_by_their_images() -> None:
    meter = LossMeter(torch.device("cpu"))
    meter.add(torch.tensor(1.0), torch.tensor(3), 4)
    meter.add(torch.tensor(4.0), torch.tensor(0), 1)
    assert meter.means() == (pytest.approx(8 / 5), pytest.approx(3 / 5))


def test_no_hits_no_accuracy_and_nothing_at_all_for_no_batches() -> None:
    meter = LossMeter(torch.device("cpu"))
    assert meter.means() == (None, None)
    meter.add(torch.tensor(2.0, requires_grad=True), None, 2)
    assert meter.means() == (2.0, None)
    assert not meter.totals.requires_grad


def test_sums_stay_exact_over_many_batches() -> None:
    meter = LossMeter(torch.device("cpu"))
    for _ in range(5_000):
        meter.add(torch.tensor(0.1), None, 3)
    assert meter.means()[0] == pytest.approx(float(torch.tensor(0.1) * 3) / 3, rel=1e-12), (
        "float32 would drift"
    )


def test_processes_are_summed() -> None:
    class Two:
        num_processes = 2

        def reduce(self, sums: torch.Tensor) -> torch.Tensor:
            return sums + torch.tensor([9.0, 1.0, 3.0])

    accelerator: Any = Two()
    meter = LossMeter(torch.device("cpu"))
    meter.add(torch.tensor(1.0), torch.tensor(1), 1)
    assert meter.means(accelerator) == (pytest.approx(10 / 4), pytest.approx(2 / 4))
