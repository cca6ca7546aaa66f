"""What all tests rely on."""

from __future__ import annotations

import gc
import os
import signal
from pathlib import Path

import pytest

from support import export_cache

# One thread each, before torch and its kin are loaded: two test processes on two cores do not wait for each other,
# and sums come out in the same order on every machine.
for _variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")

# Where the tests run in the background of a shell, ctrl-C is ignored in them and in all that they start.
signal.signal(signal.SIGINT, signal.default_int_handler)


# What starts processes, a browser or whole runs, or computes for long; `make test-fast` leaves it out.
INTEGRATION = (
    "actions/curation/test_check.py",
    "actions/embedding",
    "actions/segmentation",
    "actions/training/test_adapting.py",
    "actions/training/test_frozen_head.py",
    "actions/training/test_reconstruct.py",
    "actions/training/test_train.py",
    "analysis/clustering/test_grouping.py",
    "analysis/clustering/test_temi.py",
    "analysis/test_mapping.py",
    "inference/test_segmenter.py",
    "networks/decoders/test_mirrors_from_elsewhere.py",
    "networks/segmentation/test_segmenter.py",
    "networks/test_contract.py",
    "report/test_page_in_browser.py",
    "test_every_state.py",
    "test_older_versions.py",
    "test_wheel.py",
    "training/test_distributed.py",
    "training/test_model_file.py",
    "viewer",
)
TESTS = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    long = {TESTS / place for place in INTEGRATION}
    files = {item.path for item in items}
    left_out = {path for path in files if long & {path, *path.parents}}
    for item in items:
        if item.path in left_out:
            item.add_marker(pytest.mark.integration)


def pytest_collection_finish() -> None:
    """What is loaded now stays: collections of garbage need not walk through it again with every test."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def session_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all processes of a test session."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "session"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(autouse=True)
def _share_exports(session_folder: Path) -> None:
    """The same network is converted to ONNX once; see support.export_cache."""
    os.environ["UNPOOL_CACHE"] = str(session_folder / "cache")  # shared by the processes that tests start
    export_cache.install(session_folder)
