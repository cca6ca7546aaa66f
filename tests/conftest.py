"""What all tests rely on."""

from __future__ import annotations

import gc
import os
import signal
from pathlib import Path

import pytest
from hypothesis import settings

from support import export_cache, two_towers

# One thread each, before torch and its kin are loaded: two test processes on two cores do not wait for each other,
# and sums come out in the same order on every machine.
for _variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")

# A busy machine is no fault of what is tested.
settings.register_profile("unpool", deadline=None)
settings.load_profile("unpool")

# Where the tests run in the background of a shell, ctrl-C is ignored in them and in all that they start.
signal.signal(signal.SIGINT, signal.default_int_handler)


# Nothing that is loaded now is garbage; collecting it goes on once all tests are known.
gc.disable()

# What starts processes, a browser or whole runs, or computes for long; `make test-fast` leaves it out.
INTEGRATION = (
    "actions/curation/test_check.py",
    "actions/curation/test_edit.py",
    "actions/curation/test_originals.py",
    "actions/curation/test_reconstruction_error.py",
    "actions/curation/test_search.py",
    "actions/curation/test_stale_suggestions.py",
    "actions/curation/test_undo.py",
    "actions/embedding",
    "actions/grouping/test_group.py",
    "actions/grouping/test_labelled_map.py",
    "actions/health",
    "actions/inspection/test_predict.py",
    "actions/inspection/test_train.py",
    "actions/segmentation",
    "actions/sharing/annotations/test_foreign_readers.py",
    "actions/sharing/test_report.py",
    "actions/teaching/test_classify_predict.py",
    "actions/teaching/test_classify_train.py",
    "actions/test_killed.py",
    "actions/test_killed_run.py",
    "actions/test_run_again.py",
    "actions/test_walk.py",
    "actions/training/test_adapting.py",
    "actions/training/test_fit.py",
    "actions/training/test_frozen_head.py",
    "actions/training/test_network_request.py",
    "actions/training/test_output_folder.py",
    "actions/training/test_preflight.py",
    "actions/training/test_reconstruct.py",
    "actions/training/test_train.py",
    "analysis/checks/test_alignment.py",
    "analysis/checks/test_local_differences.py",
    "analysis/clustering/test_consensus.py",
    "analysis/clustering/test_grouping.py",
    "analysis/clustering/test_num_groups.py",
    "analysis/clustering/test_temi.py",
    "analysis/test_mapping.py",
    "cli/test_label.py",
    "cli/test_main.py",
    "cli/test_segment.py",
    "cli/test_streams.py",
    "cli/words/test_read_text.py",
    "core/test_interrupt.py",
    "engines/test_embedding.py",
    "faults",
    "images/damage/test_jpeg.py",
    "images/isolation/test_pool.py",
    "images/reading/test_decode.py",
    "inference/inspection/test_model_folder.py",
    "inference/test_exports.py",
    "inference/test_segmenter.py",
    "inference/words/test_text.py",
    "inference/words/test_two_towers.py",
    "integration",
    "networks/decoders/test_mirror.py",
    "networks/decoders/test_mirrors_from_elsewhere.py",
    "networks/encoders/test_backbones.py",
    "networks/segmentation/test_segmenter.py",
    "networks/test_classifier.py",
    "networks/test_contract.py",
    "networks/test_weights.py",
    "objectives/test_gather.py",
    "store/test_journal.py",
    "store/test_sync.py",
    "store/test_table.py",
    "test_every_state.py",
    "test_newer_versions.py",
    "test_older_versions.py",
    "test_one_declaration.py",
    "test_wheel.py",
    "training/test_distributed.py",
    "training/test_loop.py",
    "training/test_model_file.py",
    "viewer",
)
LONG = {Path(__file__).parent / place for place in INTEGRATION}


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """What `make test-fast` leaves out is not even loaded."""
    return ("not integration" in config.option.markexpr and collection_path in LONG) or None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    left_out = {path for path in {item.path for item in items} if LONG & {path, *path.parents}}
    for item in items:
        if item.path in left_out:
            item.add_marker(pytest.mark.integration)


def pytest_collection_finish() -> None:
    """What was loaded stays: collections of garbage need not walk through it again with every test."""
    gc.collect()
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session")
def session_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all processes of a test session."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "session"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session", name="two_towers")
def _two_towers(session_folder: Path, pytestconfig: pytest.Config) -> two_towers.TwoTowers:
    """A tiny model of words and images; what was trained once is kept between sessions."""
    pytest.importorskip("open_clip")
    return two_towers.make(session_folder, pytestconfig.cache.mkdir("two-towers"))


@pytest.fixture(autouse=True)
def _share_exports(session_folder: Path) -> None:
    """The same network is converted to ONNX once; see support.export_cache."""
    os.environ["UNPOOL_CACHE"] = str(session_folder / "cache")  # shared by the processes that tests start
    export_cache.install(session_folder)
