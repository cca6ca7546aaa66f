"""A run over files whose decoders crash or hang comes to its end, and names them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from support import fake_decoders
from support.fake_decoders import fake
from support.states import IMAGES, MODEL, WORK, make_base
from unpool.actions.embedding.embed import embed
from unpool.actions.embedding.settings import EmbedSettings
from unpool.images.isolation import pool
from unpool.store.table import ImageTable


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_the_run_goes_on_and_problems_csv_names_the_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool.end_idle()
    monkeypatch.setattr(pool, "COMMAND", [sys.executable, fake_decoders.__file__])
    monkeypatch.setenv(pool.SECONDS_VARIABLE, "1")
    make_base(tmp_path)
    for word in ("crash", "sleep"):
        (tmp_path / IMAGES / f"{word}.heic").write_bytes(fake(word))
    result = embed(str(tmp_path / IMAGES), EmbedSettings(model=str(tmp_path / MODEL)), work=tmp_path / WORK)
    pool.end_idle()
    assert (result["images"], result["skipped"]) == (8, 3)
    frame = ImageTable(tmp_path / WORK).frame(["path", "problem"]).set_index("path")["problem"].dropna()
    assert frame.drop("broken.png").to_dict() == {
        "crash.heic": "crash", "sleep.heic": "too-slow",
    }  # fmt: skip
    listed = (tmp_path / WORK / "problems.csv").read_text("utf-8")
    assert "crash.heic,crash,the HEIF content makes its decoder crash (signal 11)" in listed
