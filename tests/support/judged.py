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
from unpool.actions.grouping.group import group, map_images
from unpool.actions.grouping.settings import GroupSettings, MapSettings
from unpool.training.model_file import save_model

GOOD = [f"good{number}.png" for number in range(8)]
STAINED, STRIPED = ["stained0.png", "stained1.png"], ["striped0.png", "striped1.png", "striped2.png"]
BAD = [*STAINED, *STRIPED]
PATHS = [*GOOD, *BAD]  # sorted: a row of the page is a place here


def make_judged(root: Path) -> Path:
    """Write `parts`, learn `model`, and check `w.unpool` with it."""
    for names in (GOOD, STAINED, STRIPED):
        write_pictures(root / "parts", names[0][:-5], len(names), first=7000)
    learn_colours(root / "model")
    save_model(root / "encoder", build_small_network())
    embed(str(root / "parts"), EmbedSettings(str(root / "encoder")), work=root / "w.unpool")
    group(root / "w.unpool", GroupSettings(method="kmeans", groups=2))
    map_images(root / "w.unpool", MapSettings(method="pca"))
    check(root / "w.unpool", CheckSettings(model=root / "model"))
    return root


def copy_judged(made: Path, root: Path) -> Path:
    """Copy all of it to a place of its own; returns the workspace."""
    shutil.copytree(made, root)
    for file in (root / "w.unpool" / "unpool.yaml", root / "w.unpool" / "report" / "inspector.json"):
        file.write_text(file.read_text().replace(str(made), str(root)))
    return root / "w.unpool"


@pytest.fixture(scope="session")
def judged_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight good pictures, three striped ones and two stained ones, checked with `model`."""
    return make_judged(tmp_path_factory.mktemp("judged"))


@pytest.fixture
def work(judged_run: Path, tmp_path: Path) -> Path:
    """A copy of it at a place of its own."""
    return copy_judged(judged_run, tmp_path / "copy")
