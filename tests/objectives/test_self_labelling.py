"""Self-labelling: the loss, and codes that separate as the groups do."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F

from unpool.networks.catalogue import build_network
from unpool.objectives.self_labelling import SMOOTHING, SelfLabelling
from unpool.training.data.datasets import PixelSet
from unpool.training.loop import train
from unpool.training.plan import Plan


def test_codes_separate_as_the_groups_do() -> None:
    torch.manual_seed(0)
    network = build_network("conv", weights="none", size=8, channels=1, width=4, decoder="upsample")
    network.use_indices = False
    group_N = np.arange(80) % 2
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 80, (80, 8, 8, 1))
    pixels[group_N == 1, 3:5] += 100
    prep = network.preprocessing
    data = PixelSet(pixels.astype(np.uint8), prep.mean, prep.std, torch.device("cpu"))
    objective = SelfLabelling(network.dimension(), group_N)
    history = train(network, data, objective, Plan(epochs=8, batch=16, val=0.0))
    assert history.epochs[-1]["train_loss"] < history.epochs[0]["train_loss"]
    network.eval()
    with torch.no_grad():
        predicted_N = objective.apply_head(network.embed(next(iter(data.batches([np.arange(80)]))))).argmax(1)
    assert (predicted_N.numpy() == group_N).mean() > 0.95


def test_the_loss_is_cross_entropy_and_a_share_of_the_decoded() -> None:
    torch.manual_seed(0)
    network = build_network("conv", weights="none", size=8, channels=1, width=4, decoder="upsample").eval()
    network.use_indices = False
    objective = SelfLabelling(network.dimension(), np.array([0, 1, 1, 0]))
    x_BCHW, index_B = torch.rand(4, 1, 8, 8), np.arange(4)
    view = objective.views.sample(x_BCHW, index_B, 0, 0, stream=2)
    code = network.encode(view)
    score_BK = objective.head(code.flatten(1))
    expected = F.cross_entropy(score_BK, torch.tensor([0, 1, 1, 0]), label_smoothing=SMOOTHING)
    decoded = F.mse_loss(network.decode(code[:1], size=(8, 8)), view[:1]) * 2  # image 0 of four: 8 · 1/4
    torch.testing.assert_close(objective(network, x_BCHW, index_B, 0), expected + decoded)
