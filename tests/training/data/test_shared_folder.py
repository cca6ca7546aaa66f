"""A folder that several processes fill: each its share, each machine all of it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from support.together import run_together
from unpool.errors import UnpoolError
from unpool.training.data import shared_folder
from unpool.training.data.shared_folder import share_folder


@pytest.mark.parametrize(("count", "world"), [(10, 3), (2, 3), (0, 2), (7, 1)])
def test_shares_are_disjoint_and_cover_all_in_order(count: int, world: int) -> None:
    items = list(range(count))
    shares = run_together([Path()] * world, [0] * world, lambda shared: list(shared.share(items)))
    assert [item for share in shares for item in share] == items
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


@pytest.mark.parametrize("leaders", [(0, 0, 0), (0, 1, 1), (0, 1, 2)])
def test_every_machine_gets_the_bytes_of_all(
    leaders: tuple[int, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_folder, "BLOCK_BYTES", 1000)
    rng = np.random.default_rng(0)
    own = [rng.integers(0, 256, size, dtype=np.uint8) for size in (2500, 0, 1001)]
    folders = [tmp_path / str(leader) for leader in leaders]
    for folder in folders:
        folder.mkdir(exist_ok=True)
        (folder / "all").write_bytes(b"of an earlier run" * 999)
    run_together(folders, leaders, lambda shared: shared.write(shared.folder / "all", own[shared.rank]))
    for folder in folders:
        assert (folder / "all").read_bytes() == np.concatenate(own).tobytes()


def test_a_full_disk_is_an_error_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_folder.shutil, "disk_usage", lambda folder: SimpleNamespace(free=10))
    with pytest.raises(UnpoolError, match=r"take 0.0 GB and the disk of .* has room for 0.0 GB; free some"):
        run_together([tmp_path], [0], lambda shared: shared.write(tmp_path / "all", np.zeros(11, np.uint8)))
    assert list(tmp_path.iterdir()) == []


def test_one_process_leads_its_folder(tmp_path: Path) -> None:
    alone: Any = SimpleNamespace(num_processes=1, process_index=0)
    shared = share_folder(tmp_path, alone)
    assert shared.leads
    assert list(tmp_path.iterdir()) == []
