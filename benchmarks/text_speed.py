"""How fast text in images is read and searched, and in how much memory.

    python benchmarks/text_speed.py [FOLDER]

FOLDER holds photographs; without it drawn ones with signs are read. Prints images a second of each size, the peak of
memory, and the milliseconds of a search among 100,000 texts, the first and later ones.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.signs import make_signs
from unpool.actions.text.read_text import read_text
from unpool.actions.text.text_index import TextIndex
from unpool.core.file_identity import content_digest
from unpool.store.state import write_state
from unpool.store.table import ImageTable

NUM_PHOTOGRAPHS = 40
NUM_LARGE = 4
NUM_TEXTS = 100_000
QUERIES = ("exit", "railway station", "fresh braed", "新鲜面包")


def main(folder: Path | None) -> None:
    """Print all figures."""
    with tempfile.TemporaryDirectory() as place:
        signs = Path(place) / "signs"
        paths = [signs / path for path in make_signs(signs)]
        if folder is not None:
            paths = sorted(path for path in folder.rglob("*.jpg"))[:NUM_PHOTOGRAPHS]
        pictures = [Image.open(path).convert("RGB") for path in paths]
        _report("photographs", pictures, Path(place) / "a")
        large = [picture.resize((4000, 3000)) for picture in pictures[:NUM_LARGE]]
        _report("photographs of 4000 x 3000", large, Path(place) / "b")
    _time_search()


def _report(name: str, pictures: list[Image.Image], place: Path) -> None:
    place.mkdir()
    for number, picture in enumerate(pictures):
        picture.save(place / f"{number:03}.jpg", quality=90)
    table = ImageTable.create(place.parent / f"{place.name}.unpool")
    files = sorted(place.iterdir())
    table.upsert([{"path": file.name, "status": "ok", "id": content_digest(file)} for file in files])
    write_state(table.work, images=str(place))
    result = read_text(table.work)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{name}: {len(files) / result['seconds']:.2f} images a second, peak {peak:.0f} MB")
    print(f"  {result['with_text']} of {result['images']} with text, {result['unreadable']} unreadable")


def _time_search() -> None:
    rng = np.random.default_rng(0)
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz"))
    words = ["".join(rng.choice(letters, rng.integers(3, 10))) for _ in range(50_000)] + [
        "railway",
        "station",
        "bread",
    ]
    signs = np.array([chr(code) for code in range(0x4E00, 0x4E00 + 3000)])
    texts = [
        " ".join(words[place] for place in rng.integers(0, len(words), 6))
        + " "
        + "".join(rng.choice(signs, 6))
        for _ in range(NUM_TEXTS)
    ]
    started = time.perf_counter()
    index = TextIndex(texts)
    print(f"{NUM_TEXTS} texts made ready: {1000 * (time.perf_counter() - started):.0f} ms")
    for query in QUERIES:
        started = time.perf_counter()
        index.find(query)
        print(f"search {query!r}: {1000 * (time.perf_counter() - started):.0f} ms")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, nargs="?", metavar="FOLDER")
    main(parser.parse_args().folder)
