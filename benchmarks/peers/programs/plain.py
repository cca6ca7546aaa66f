"""torchvision and scikit-learn, written plainly: a Dataset, a DataLoader, a network, k-means, t-SNE."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from common import (
    Answer,
    Request,
    build_network,
    build_transform,
    group_by_kmeans,
    image_files,
    main,
    relative,
    use_cores,
)
from PIL import Image, ImageOps
from torch.utils.data import DataLoader, Dataset

BATCH = 32


class Pictures(Dataset[torch.Tensor]):
    def __init__(self, files: list[Path]) -> None:
        self.files, self.transform = files, build_transform()

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> torch.Tensor:
        x_CHW: torch.Tensor = self.transform(
            ImageOps.exif_transpose(Image.open(self.files[index])).convert("RGB")
        )
        return x_CHW


def embed(request: Request, answer: Answer) -> None:
    network = build_network(request["weights"])
    files = image_files(request["folder"])
    workers = 1 if use_cores() > 1 else 0
    torch.set_num_threads(max(1, use_cores() - workers))
    with answer.stage("embed"), torch.no_grad():
        loader = DataLoader(Pictures(files), batch_size=BATCH, num_workers=workers)
        vectors_ND = torch.cat([network(x_BCHW) for x_BCHW in loader]).numpy()
    answer.arrays["vectors"] = vectors_ND
    answer.fields["paths"] = relative(files, request["folder"])


def group(request: Request, answer: Answer) -> None:
    embed(request, answer)
    with answer.stage("group"):
        answer.arrays["groups"] = group_by_kmeans(
            answer.arrays["vectors"], request["num_groups"], request["seed"]
        )


def digits(request: Request, answer: Answer) -> None:
    """k-means on the pixels."""
    from sklearn.cluster import KMeans

    pixels_ND = np.load(request["pixels"]).reshape(request["images"], -1).astype(np.float32) / 255
    with answer.stage("group"):
        kmeans = KMeans(request["num_groups"], n_init=10, random_state=request["seed"])
        answer.arrays["groups"] = kmeans.fit_predict(pixels_ND)
    answer.arrays["vectors"] = pixels_ND


def layout(request: Request, answer: Answer) -> None:
    """t-SNE of scikit-learn."""
    from sklearn.manifold import TSNE

    vectors_ND = np.load(request["vectors"])
    with answer.stage("map"):
        tsne = TSNE(random_state=request["seed"], n_jobs=use_cores())
        answer.arrays["places"] = tsne.fit_transform(vectors_ND)


if __name__ == "__main__":
    main({"embed": embed, "group": group, "digits": digits, "map": layout})
