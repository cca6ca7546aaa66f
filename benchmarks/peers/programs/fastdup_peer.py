"""fastdup: vectors of the network in its package, and pairs above its threshold."""

from __future__ import annotations

import os
from pathlib import Path

os.environ["SENTRY_OPT_OUT"] = "1"  # before it is imported

import fastdup
import numpy as np
from common import Answer, Request, main, relative, use_cores

BLUR, BRIGHT, DARK = 150.0, 253.0, 4.0  # the limits of its own summary


def run(request: Request, answer: Answer, stage: str) -> tuple[fastdup.engine.Fastdup, Path]:
    work = Path(request["out"]) / "fastdup"
    found = fastdup.create(work_dir=str(work), input_dir=request["folder"])
    with answer.stage(stage):
        found.run(num_threads=use_cores(), overwrite=True, verbose=False)
    return found, work


def embed(request: Request, answer: Answer) -> None:
    found, _ = run(request, answer, "embed")
    files, vectors_ND = found.embeddings()
    answer.fields["paths"] = relative(list(files), request["folder"])
    answer.arrays["vectors"] = np.asarray(vectors_ND, np.float32)


def check(request: Request, answer: Answer) -> None:
    found, _ = run(request, answer, "check")
    similar = found.similarity()
    pairs = zip(similar["filename_from"], similar["filename_to"], strict=True)
    answer.fields["duplicates"] = sorted(
        {tuple(sorted(relative(list(pair), request["folder"]))) for pair in pairs}
    )
    figures = found.img_stats()
    flags = {
        "blurred": figures["blur"] < BLUR,
        "bright": figures["mean"] > BRIGHT,
        "dark": figures["mean"] < DARK,
    }
    for kind, flagged in flags.items():
        answer.fields[kind] = relative(list(figures["filename"][flagged]), request["folder"])


if __name__ == "__main__":
    main({"embed": embed, "check": check})
