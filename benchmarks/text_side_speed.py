"""Measure how long a text side takes, with texts as short as they are and filled up.

    python benchmarks/text_side_speed.py MODEL

MODEL is a model folder, or a workspace, with a text side that takes short texts. Milliseconds are medians.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from unpool.core.cpu import usable_cores
from unpool.inference.words.text import TextEncoder, load_text, open_text
from unpool.inference.words.tokens import Tokenizer, TokenSettings
from unpool.training.model_file import TEXT, TOKENIZER, describe_model

ONE = ["a red shoe on grass"]
MANY = [f"a photo of a thing number {number}" for number in range(64)]
REPEATS = 5


def milliseconds(work: Callable[[], object]) -> float:
    """Return the median time of a call, after one that does not count."""
    work()
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        work()
        times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times)


def open_filled(model: Path) -> TextEncoder:
    """Open a text side whose texts are all filled up."""
    described = describe_model(model)
    settings = replace(TokenSettings.from_dict(described["text"]["tokens"]), is_short=False)
    tokenizer = Tokenizer(model / TOKENIZER, settings)
    return open_text(model / TEXT, tokenizer, dimension=described["dimension"], threads=usable_cores())


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path)
    folder = parser.parse_args().model
    model = folder if (folder / TEXT).is_file() else folder / "model"
    for name, encoder in (("as short as they are", load_text(model)), ("filled up", open_filled(model))):
        for texts in (ONE, MANY):
            spent = milliseconds(lambda encoder=encoder, texts=texts: encoder.embed(texts))
            print(f"{len(texts):3} {name:21} {spent:8.1f} ms")


if __name__ == "__main__":
    main()
