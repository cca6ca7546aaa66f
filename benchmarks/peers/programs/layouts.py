"""openTSNE and umap-learn alone, with their own settings."""

from __future__ import annotations

import numpy as np
from common import Answer, Request, main, use_cores


def layout(request: Request, answer: Answer) -> None:
    vectors_ND = np.load(request["vectors"])
    with answer.stage("map"):
        answer.arrays["places"] = np.asarray(METHODS[request["variant"]](vectors_ND, request["seed"]))


def opentsne(vectors_ND: np.ndarray, seed: int) -> np.ndarray:
    from openTSNE import TSNE

    return TSNE(n_jobs=use_cores(), random_state=seed).fit(vectors_ND)


def umap(vectors_ND: np.ndarray, seed: int) -> np.ndarray:
    from umap import UMAP

    del seed  # with one it would run on one core
    return UMAP().fit_transform(vectors_ND)


METHODS = {"opentsne": opentsne, "umap": umap}

if __name__ == "__main__":
    main({"map": layout})
