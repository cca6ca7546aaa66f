"""Measure how quick words find images, and whether the index finds those that they should.

    python benchmarks/words_speed.py [--rows 100000] [--dimension 512] [--rounds 30]

Vectors are drawn: images of 2,000 kinds in one cone, texts in another, as two-tower models have them. The text encoder
is one of random weights in the size of CLIP ViT-B/32 (12 layers, 512 wide, 49,408 tokens, 77 at most), exported as
unpool does; `--no-text` leaves it out. Milliseconds: the median and the slowest of --rounds: the text alone, the
search alone, and the route of the page from a request to its answer, each time with words that were not typed before.
Recall: the share of the true 12 nearest that the search index finds, for texts and for sums of two texts.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from unpool.actions.words.terms import Terms
from unpool.actions.words.word_query import BREADTH
from unpool.analysis.words.mixture import mix_terms
from unpool.core.progress import Progress
from unpool.store.state import write_state
from unpool.store.table import ImageTable

NUM_KINDS, NUM_NEAREST = 2_000, 12
GAP = 1.2  # length of what all texts, or all images, have in common, against what differs between them
ROWS_AT_ONCE = 10_000


class DrawnSpace:
    """Kinds of images, and texts of these kinds: near each other, in two cones."""

    def __init__(self, dimension: int, seed: int = 0) -> None:
        self.rng = np.random.default_rng(seed)
        self.kinds = self._unit(NUM_KINDS, dimension)
        self.image_cone, self.text_cone = self._unit(2, dimension)

    def _unit(self, *shape: int) -> np.ndarray:
        drawn = self.rng.normal(size=shape).astype(np.float32)
        return drawn / np.linalg.norm(drawn, axis=-1, keepdims=True)

    def draw(self, kind_N: np.ndarray, cone_D: np.ndarray) -> np.ndarray:
        own_ND = self._unit(len(kind_N), self.kinds.shape[1])
        vector_ND = self.kinds[kind_N] + 0.8 * own_ND + GAP * cone_D
        return (vector_ND / np.linalg.norm(vector_ND, axis=1, keepdims=True)).astype(np.float32)

    def images(self, count: int) -> np.ndarray:
        return self.draw(self.rng.integers(NUM_KINDS, size=count), self.image_cone)

    def texts(self, count: int) -> np.ndarray:
        return self.draw(self.rng.integers(NUM_KINDS, size=count), self.text_cone)


def make_table(work: Path, space: DrawnSpace, rows: int) -> np.ndarray:
    table = ImageTable.create(work)
    table.reset_vectors(space.kinds.shape[1])
    parts = []
    for start in range(0, rows, ROWS_AT_ONCE):
        count = min(ROWS_AT_ONCE, rows - start)
        parts.append(space.images(count))
        table.append(
            [
                {"path": f"{start + place:07}.jpg", "status": "ok", "vector": vector}
                for place, vector in enumerate(parts[-1])
            ]
        )
    write_state(work, images=str(work.parent / "images"))
    print(table.make_index() or "no index: too few rows")
    return np.concatenate(parts)


def measure(ask: Callable[[int], object], rounds: int) -> tuple[float, float]:
    times = []
    for number in range(rounds):
        start = time.perf_counter()
        ask(number)
        times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times), max(times)


def report(what: str, times: tuple[float, float]) -> None:
    print(f"{what:<28} {times[0]:7.1f} ms, the slowest {times[1]:.1f} ms")


def recall(table: ImageTable, image_ND: np.ndarray, queries: Sequence[np.ndarray], breadth: int) -> float:
    shares = []
    for query_D in queries:
        true = {f"{row:07}.jpg" for row in np.argsort(-image_ND @ query_D)[:NUM_NEAREST]}
        shares.append(len(true & set(table.nearest(query_D, NUM_NEAREST, breadth=breadth)[0])) / NUM_NEAREST)
    return statistics.mean(shares)


def write_text_model(folder: Path) -> None:
    """Write a model of random weights in the size of CLIP ViT-B/32, by the ways of unpool."""
    import open_clip
    from open_clip.push_to_hf_hub import save_for_hf

    from unpool.inference.words.two_towers import write_two_towers

    class NoFiles:
        def save_pretrained(self, folder: Path) -> None: ...

    model = open_clip.create_model("ViT-B-32")
    open_clip.model.set_model_preprocess_cfg(
        model, {"mean": [0.48, 0.46, 0.41], "std": [0.27, 0.26, 0.28], "interpolation": "bicubic"}
    )
    config = open_clip.get_model_config("ViT-B-32")
    with tempfile.TemporaryDirectory() as source:
        save_for_hf(model, NoFiles(), config, source, safe_serialization=True)
        write_two_towers(source, folder)


def measure_page(work: Path, space: DrawnSpace, rounds: int) -> None:
    from unpool.actions.words.text_side import open_text_side
    from unpool.actions.words.word_query import embed_terms, find_searched
    from unpool.store.search.open_table import open_table
    from unpool.viewer.session import Session
    from unpool.viewer.words.messages import SearchWords
    from unpool.viewer.words.routes import find_by_words

    side = open_text_side(work)
    report(
        "text encoder, 6 words", measure(lambda n: side.encoder.embed([f"a red shoe on grass {n}"]), rounds)
    )
    session = Session(work)

    def ask(text: str) -> None:
        found = find_by_words(session, SearchWords(revision=session.revision, text=text, k=60))
        assert len(found["near"]) == 60

    ask("the first loads and samples -what")
    report("route, words", measure(lambda n: ask(f"a red shoe on the grass {n}"), rounds))
    report("route, words and a negative", measure(lambda n: ask(f"a red shoe {n} -grass{n}"), rounds))
    opened = open_table(find_searched(work, Progress()))
    report("Python, words", measure(lambda n: embed_terms(opened, Terms([f"hat {n}"], [])), rounds))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--dimension", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--no-text", action="store_true")
    args = parser.parse_args()
    space = DrawnSpace(args.dimension)
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder) / "words.unpool"
        image_ND = make_table(work, space, args.rows)
        table = ImageTable(work)
        text_QD = space.texts(2 * args.rounds)
        sample = table.sample_vectors(2_000)
        sums = [mix_terms(text_QD[[n, n + args.rounds]], (), sample) for n in range(args.rounds)]
        texts = list(text_QD[: args.rounds])
        for breadth in (1, BREADTH // 2, BREADTH, 2 * BREADTH):
            times = measure(lambda n, b=breadth: table.nearest(sums[n], 60, breadth=b), args.rounds)
            found = [recall(table, image_ND, queries, breadth) for queries in (texts, sums)]
            report(f"search, breadth {breadth}", times)
            print(f"    recall of {NUM_NEAREST}: {found[0]:.3f} by texts, {found[1]:.3f} by sums")
        if not args.no_text:
            write_text_model(work / "model")
            measure_page(work, space, args.rounds)


if __name__ == "__main__":
    main()
