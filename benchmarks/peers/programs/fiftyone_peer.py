"""FiftyOne: vectors of a given network, near and exact duplicates by its brain; it needs its MongoDB."""

from __future__ import annotations

import fiftyone as fo
import fiftyone.brain as fob
import numpy as np
from common import Answer, Request, build_network, build_transform, image_files, main, relative
from fiftyone.utils.torch import TorchImageModel, TorchImageModelConfig


def open_folder(folder: str) -> fo.Dataset:
    dataset = fo.Dataset()
    dataset.add_samples([fo.Sample(filepath=str(file)) for file in image_files(folder)])
    return dataset


class GivenNetwork(TorchImageModel):
    """Its interface for networks, with ours in place of one from a hub."""

    def __init__(self, weights: str) -> None:
        self.weights = weights
        super().__init__(TorchImageModelConfig({"as_feature_extractor": True, "raw_inputs": False}))

    def _load_model(self, config: object) -> object:
        return build_network(self.weights)

    def _build_transforms(self, config: object) -> tuple[object, bool]:
        return build_transform(), False


def compute_vectors(dataset: fo.Dataset, request: Request) -> np.ndarray:
    return dataset.compute_embeddings(GivenNetwork(request["weights"]), batch_size=32)


def embed(request: Request, answer: Answer) -> None:
    dataset = open_folder(request["folder"])
    with answer.stage("embed"):
        answer.arrays["vectors"] = np.asarray(compute_vectors(dataset, request), np.float32)
    answer.fields["paths"] = relative(dataset.values("filepath"), request["folder"])


def check(request: Request, answer: Answer) -> None:
    dataset = open_folder(request["folder"])
    with answer.stage("embed"):
        vectors_ND = compute_vectors(dataset, request)
    with answer.stage("check"):
        exact = fob.compute_exact_duplicates(dataset)
        near = fob.compute_near_duplicates(dataset, embeddings=vectors_ND)
    path_by_id = dict(
        zip(dataset.values("id"), relative(dataset.values("filepath"), request["folder"]), strict=True)
    )
    pairs = [(kept, other) for kept, others in exact.items() for other in others]
    pairs += [(kept, other) for kept, others in near.neighbors_map.items() for other, _ in others]
    answer.fields["duplicates"] = sorted({tuple(sorted(path_by_id[each] for each in pair)) for pair in pairs})


if __name__ == "__main__":
    main({"embed": embed, "check": check})
