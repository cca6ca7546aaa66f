"""The commands of docs/scale.md, one after the other, on this machine: a folder, a Ray, a store.

Lines for several machines, and those that install or copy, are left out; a server of S3 stands in for the store.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.object_store import serve_s3, upload
from support.pictures import make_photograph
from unpool.core.objects.address import parse_address
from unpool.core.objects.client import Objects
from unpool.store.table import ImageTable

PAGE = (Path(__file__).parents[1] / "docs" / "scale.md").read_text("utf-8")
NUM_IMAGES = 24
LEFT_OUT = ("pip ", "ray start", "aws ", "torchrun", "python benchmarks")


def commands() -> list[str]:
    """The lines of shell blocks that this machine can run."""
    blocks = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    return [line for line in lines if line.strip() and not line.startswith(LEFT_OUT) and "FIRST" not in line]


def test_the_page_has_a_folder_a_ray_and_a_store() -> None:
    text = "\n".join(commands())
    assert "--engine ray" in text
    assert "s3://" in text


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with serve_s3(monkeypatch, "bucket"):
        yield


@pytest.mark.slow
@pytest.mark.usefixtures("store")
def test_its_commands_run(tmp_path: Path) -> None:
    pytest.importorskip("ray")
    photos = tmp_path / "photos"
    photos.mkdir()
    for number in range(NUM_IMAGES):
        make_photograph(number).save(photos / f"{number:02}.jpg", quality=90)
    upload(Objects(parse_address("s3://bucket/photos")), photos)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    for command in commands():
        done = subprocess.run(
            command, shell=True, cwd=tmp_path, env=os.environ | {"PATH": path}, capture_output=True, text=True,
            timeout=200,
        )  # fmt: skip
        assert done.returncode == 0, f"{command}: {done.stderr}"
    assert len(ImageTable(tmp_path / "photos.unpool")) == NUM_IMAGES
