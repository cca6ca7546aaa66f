"""imagededup: duplicates by a network's vectors, or by perceptual hashes, at its own thresholds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from common import Answer, Request, build_network, build_transform, main, relative, use_cores
from imagededup.methods import CNN, PHash
from imagededup.utils import CustomModel


def network_method(request: Request) -> CNN:
    # its own MobileNetV3 comes from a hub
    return CNN(
        verbose=False,
        model_config=CustomModel(
            name="efficientnet-lite0", model=build_network(request["weights"]), transform=build_transform()
        ),
    )


def embed(request: Request, answer: Answer) -> None:
    method = network_method(request)
    with answer.stage("embed"):
        found = method.encode_images(request["folder"], recursive=True, num_enc_workers=workers())
    answer.fields["paths"] = relative([Path(request["folder"]) / name for name in found], request["folder"])
    answer.arrays["vectors"] = np.stack(list(found.values()))


def check(request: Request, answer: Answer) -> None:
    method = PHash(verbose=False) if request["variant"] == "phash" else network_method(request)
    with answer.stage("embed"):
        found = method.encode_images(request["folder"], recursive=True, num_enc_workers=workers())
    with answer.stage("check"):
        pairs = method.find_duplicates(encoding_map=found)
    answer.fields["duplicates"] = sorted(
        {tuple(sorted((name, other))) for name, others in pairs.items() for other in others}
    )


def workers() -> int:
    return 1 if use_cores() > 1 else 0


if __name__ == "__main__":
    main({"embed": embed, "check": check})
