"""lightly: SimCLR for given minutes, then k-means on the features; network and settings are its README's."""

from __future__ import annotations

import time

import numpy as np
import torch
from common import Answer, Request, group_by_kmeans, main, use_cores
from lightly.loss import NTXentLoss
from lightly.models.modules import SimCLRProjectionHead
from lightly.transforms import SimCLRTransform
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader, Dataset
from torchvision import models, transforms

SIDE, BATCH, LR = 32, 128, 0.1
NORMALISE = {"mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]}


class Digits(Dataset[object]):
    def __init__(self, pixels_NHW: np.ndarray, transform: object) -> None:
        self.pixels_NHW, self.transform = pixels_NHW, transform

    def __len__(self) -> int:
        return len(self.pixels_NHW)

    def __getitem__(self, index: int) -> object:
        image = Image.fromarray(self.pixels_NHW[index]).convert("RGB").resize((SIDE, SIDE))
        return self.transform(image)


def build_backbone() -> nn.Module:
    network = models.resnet18(weights=None)
    network.fc = nn.Identity()
    return network


def train(backbone: nn.Module, pixels_NHW: np.ndarray, minutes: float) -> int:
    """Train for given minutes; return the number of steps."""
    # digits have a side and an orientation, so they are neither mirrored nor turned
    views = SimCLRTransform(
        input_size=SIDE, hf_prob=0.0, gaussian_blur=0.0, min_scale=0.5, random_gray_scale=0.0,
        normalize=NORMALISE,
    )  # fmt: skip
    loader = DataLoader(Digits(pixels_NHW, views), BATCH, shuffle=True, drop_last=True)
    head = SimCLRProjectionHead(512, 512, 128)
    parameters = [*backbone.parameters(), *head.parameters()]
    optimiser = torch.optim.SGD(parameters, lr=LR, momentum=0.9, weight_decay=1e-6)
    criterion, steps, start, used = NTXentLoss(temperature=0.5), 0, time.monotonic(), 0.0
    while used < 1:
        for (x_BCHW, other_BCHW), *_ in ((batch,) for batch in loader):
            optimiser.param_groups[0]["lr"] = LR * 0.5 * (1 + np.cos(np.pi * min(used, 1)))
            loss = criterion(head(backbone(x_BCHW)), head(backbone(other_BCHW)))
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            steps += 1
            used = (time.monotonic() - start) / (60 * minutes)
            if used >= 1:
                break
    return steps


def digits(request: Request, answer: Answer) -> None:
    torch.manual_seed(request["seed"])
    torch.set_num_threads(use_cores())
    pixels_NHW = np.load(request["pixels"])
    backbone = build_backbone()
    with answer.stage("train"):
        answer.fields["steps"] = train(backbone, pixels_NHW, request["minutes"])
    plain = transforms.Compose([transforms.ToTensor(), transforms.Normalize(**NORMALISE)])
    backbone.eval()
    with answer.stage("embed"), torch.no_grad():
        loader = DataLoader(Digits(pixels_NHW, plain), BATCH)
        vectors_ND = torch.cat([backbone(x_BCHW) for x_BCHW in loader]).numpy()
    with answer.stage("group"):
        answer.arrays["groups"] = group_by_kmeans(vectors_ND, request["num_groups"], request["seed"])
    answer.arrays["vectors"] = vectors_ND


if __name__ == "__main__":
    main({"digits": digits})
