"""clustimage: principal components of the pixels, agglomerative clusters, the silhouette as their judge."""

from __future__ import annotations

import numpy as np
from clustimage import Clustimage
from common import Answer, Request, main, relative, use_cores


def fit(images: object, request: Request, answer: Answer, **settings: object) -> Clustimage:
    model = Clustimage(ncores=use_cores(), verbose="error", **settings)
    with answer.stage("group"):
        model.fit_transform(images, min_clust=request["num_groups"], max_clust=request["num_groups"] + 1)
    answer.arrays["groups"] = np.asarray(model.results["labels"])
    answer.arrays["vectors"] = np.asarray(model.results["feat"], np.float32)
    return model


def group(request: Request, answer: Answer) -> None:
    model = fit(request["folder"], request, answer, method=request["variant"])
    answer.fields["paths"] = relative(list(model.results["pathnames"]), request["folder"])


def digits(request: Request, answer: Answer) -> None:
    pixels_NHW = np.load(request["pixels"])
    flat_ND = pixels_NHW.reshape(len(pixels_NHW), -1)
    fit(flat_ND, request, answer, method=request["variant"], grayscale=True, dim=pixels_NHW.shape[1:3])


if __name__ == "__main__":
    main({"group": group, "digits": digits})
