"""A workspace of pictures that a learnt inspector has seen."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from support.colour_inspector import learn_colours, write_pictures
from support.small_networks import build_small_network
from unpool.actions.curation.check import check
from unpool.actions.curation.settings import CheckSettings
from unpool.actions.embedding.embed import embed
from unpool.actions.embedding.settings import EmbedSettings
from unpool.training.model_file import save_model


@pytest.fixture(scope="session")
def judged_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight good pictures, three striped ones and two stained ones, checked with `model`."""
    root = tmp_path_factory.mktemp("judged")
    for kind, count in (("good", 8), ("striped", 3), ("stained", 2)):
        write_pictures(root / "parts", kind, count, first=7000)
    learn_colours(root / "model")
    save_model(root / "encoder", build_small_network())
    embed(str(root / "parts"), EmbedSettings(str(root / "encoder")), work=root / "w.unpool")
    check(root / "w.unpool", CheckSettings(model=root / "model"))
    return root


@pytest.fixture
def work(judged_run: Path, tmp_path: Path) -> Path:
    """A copy of it at a place of its own."""
    root = tmp_path / "copy"
    shutil.copytree(judged_run, root)
    for file in (root / "w.unpool" / "unpool.yaml", root / "w.unpool" / "report" / "inspector.json"):
        file.write_text(file.read_text().replace(str(judged_run), str(root)))
    return root / "w.unpool"
