"""What all tests rely on."""

from __future__ import annotations

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
    export_cache.install(session_folder)
