"""Images get the vectors of a file, and their facts from themselves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from unpool.engines.embedding import EmbeddingJob
from unpool.engines.vector_engine import VectorEngine
from unpool.images.source import open_source
from unpool.inference.model import LoadedEncoder
from unpool.inference.vectors.vector_file import VectorFile
from unpool.inference.vectors.vector_matching import MatchedVectors
from unpool.networks.preprocessing import Preprocessing


def refuse(pixels: np.ndarray) -> np.ndarray:
    raise AssertionError("no network is run")


def test_rows_have_facts_and_the_vector_of_their_path(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        Image.new("RGB", (40, 30), "teal").save(tmp_path / f"{name}.png")
    (tmp_path / "d.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    file = VectorFile(Path("own.npy"), None, np.array([[1, 2], [3, 4]], np.float16), "")
    engine = VectorEngine(MatchedVectors(file, {"b.png": 0, "a.png": 1, "d.png": 1}))
    source = open_source(str(tmp_path), None)
    model = LoadedEncoder(refuse, Preprocessing(), "own", 2)
    with engine.embedding(EmbeddingJob(source, source.scan().files, tmp_path, model)) as chunks:
        rows = {row["path"]: row for chunk in chunks for row in chunk}
    assert rows["a.png"]["vector"].tolist() == [3, 4]
    assert rows["b.png"]["vector"].tolist() == [1, 2]
    assert rows["c.png"]["vector"] is None
    assert rows["c.png"]["width"] == 40
    assert rows["c.png"]["thumbnail"]
    assert rows["d.png"]["status"] == "skipped"
    assert rows["d.png"]["vector"] is None
    assert engine.num_missing == 1
