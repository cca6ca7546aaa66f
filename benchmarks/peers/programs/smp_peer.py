"""segmentation_models_pytorch: a Unet, trained for given minutes by a plain loop."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import segmentation_models_pytorch as smp
import torch
from common import MEAN, STD, Answer, Request, main, use_cores
from PIL import Image
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as vf

BATCH, CROP, LR = 8, 320, 1e-3
STRIDE = 32  # of the encoder: sides must be its multiples


class Scenes(Dataset[tuple[Tensor, Tensor]]):
    """Pictures with masks; random crops, mirrored half of the time."""

    def __init__(self, images: str, masks: str) -> None:
        self.files = sorted(Path(images).iterdir())
        self.masks = Path(masks)

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        file = self.files[index]
        x_CHW = normalise(Image.open(file).convert("RGB"))
        y_HW = torch.from_numpy(np.array(Image.open(self.masks / f"{file.stem}.png"))).long()
        size = (min(CROP, y_HW.shape[0] // STRIDE * STRIDE), min(CROP, y_HW.shape[1] // STRIDE * STRIDE))
        top, left, height, width = v2.RandomCrop.get_params(x_CHW, size)
        x_CHW, y_HW = (z[..., top : top + height, left : left + width] for z in (x_CHW, y_HW))
        return (x_CHW.flip(-1), y_HW.flip(-1)) if torch.rand(()) < 0.5 else (x_CHW, y_HW)


def normalise(image: Image.Image) -> Tensor:
    x_CHW: Tensor = vf.normalize(vf.to_dtype(vf.to_image(image), torch.float32, scale=True), MEAN, STD)
    return x_CHW


def build(request: Request) -> nn.Module:
    """ResNet-18 from random weights, since its own come from a hub, or EfficientNet-lite0 with ours."""
    if request["variant"] == "resnet18":
        return smp.Unet("resnet18", encoder_weights=None, classes=request["num_classes"])
    network = smp.Unet("tu-tf_efficientnet_lite0", encoder_weights=None, classes=request["num_classes"])
    missing, _ = network.encoder.model.load_state_dict(load_file(request["weights"]), strict=False)
    assert not missing, missing
    return network


def train(network: nn.Module, request: Request) -> int:
    """Train for given minutes; return the number of steps."""
    workers = 1 if use_cores() > 1 else 0
    loader = DataLoader(
        Scenes(request["images"], request["masks"]), BATCH, shuffle=True, drop_last=True, num_workers=workers
    )
    optimiser = torch.optim.AdamW(network.parameters(), lr=LR)
    start, used, steps = time.monotonic(), 0.0, 0
    while used < 1:
        for x_BCHW, y_BHW in loader:
            optimiser.param_groups[0]["lr"] = LR * 0.5 * (1 + np.cos(np.pi * min(used, 1)))
            loss = F.cross_entropy(network(x_BCHW), y_BHW, ignore_index=request["ignore"])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            steps += 1
            used = (time.monotonic() - start) / (60 * request["minutes"])
            if used >= 1:
                break
    return steps


def predict(network: nn.Module, request: Request) -> None:
    out = Path(request["out"]) / "predicted"
    out.mkdir(exist_ok=True)
    for file in sorted(Path(request["val_images"]).iterdir()):
        x_CHW = normalise(Image.open(file).convert("RGB"))
        height, width = x_CHW.shape[1:]
        padded = F.pad(x_CHW[None], (0, -width % STRIDE, 0, -height % STRIDE))
        labels_HW = network(padded)[0, :, :height, :width].argmax(0).to(torch.uint8)
        Image.fromarray(labels_HW.numpy()).save(out / f"{file.stem}.png")


def segment(request: Request, answer: Answer) -> None:
    torch.manual_seed(request["seed"])
    torch.set_num_threads(use_cores())
    network = build(request)
    with answer.stage("train"):
        answer.fields["steps"] = train(network.train(), request)
    with answer.stage("predict"), torch.no_grad():
        predict(network.eval(), request)


if __name__ == "__main__":
    main({"segment": segment})
