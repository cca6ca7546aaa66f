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
# A thread that waits leaves its core to the other test process.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

# A busy machine is no fault of what is tested.
settings.register_profile("unpool", deadline=None)
settings.load_profile("unpool")

# Where the tests run in the background of a shell, ctrl-C is ignored in them and in all that they start.
signal.signal(signal.SIGINT, signal.default_int_handler)


# Nothing that is loaded now is garbage; collecting it goes on once all tests are known.
gc.disable()

# What starts processes, a browser or whole runs, or computes for long; `make test-fast` leaves it out.
INTEGRATION = (
    "actions/checks/test_inspected.py",
    "actions/cleaning/test_clean.py",
    "actions/curation/test_check.py",
    "actions/curation/test_edit.py",
    "actions/curation/test_originals.py",
    "actions/curation/test_reconstruction_error.py",
    "actions/curation/test_search.py",
    "actions/curation/test_stale_suggestions.py",
    "actions/curation/test_undo.py",
    "actions/embedding",
    "actions/grouping/test_group.py",
    "actions/grouping/test_group_levels.py",
    "actions/grouping/test_growth.py",
    "actions/grouping/test_labelled_map.py",
    "actions/health",
    "actions/inspection/test_methods.py",
    "actions/inspection/test_more.py",
    "actions/inspection/test_predict.py",
    "actions/inspection/test_train.py",
    "actions/segmentation",
    "actions/sharing/annotations/test_foreign_readers.py",
    "actions/sharing/test_report.py",
    "actions/sharing/test_static_page.py",
    "actions/spaces",
    "actions/teaching/test_classify_predict.py",
    "actions/teaching/test_classify_train.py",
    "actions/test_killed.py",
    "actions/test_killed_run.py",
    "actions/test_living.py",
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
    "actions/words/test_group_names.py",
    "analysis/checks/test_alignment.py",
    "analysis/checks/test_local_differences.py",
    "analysis/clustering/test_consensus.py",
    "analysis/clustering/test_grouping.py",
    "analysis/clustering/test_num_groups.py",
    "analysis/clustering/test_temi.py",
    "analysis/test_mapping.py",
    "cli/inspection/test_inspect.py",
    "cli/test_label.py",
    "cli/test_main.py",
    "cli/test_search_words.py",
    "cli/test_segment.py",
    "cli/test_streams.py",
    "cli/words/test_read_text.py",
    "core/test_interrupt.py",
    "engines/test_embedding.py",
    "faults",
    "images/damage/test_jpeg.py",
    "images/isolation/test_pool.py",
    "images/reading/test_decode.py",
    "inference/inspection/test_growing.py",
    "inference/inspection/test_learning.py",
    "inference/inspection/test_memory_graph.py",
    "inference/inspection/test_mirror_levels.py",
    "inference/inspection/test_mirror_training.py",
    "inference/inspection/test_model_folder.py",
    "inference/test_classifier.py",
    "inference/test_exports.py",
    "inference/test_segmenter.py",
    "inference/words/test_text.py",
    "inference/words/test_two_towers.py",
    "inference/words/test_vocabulary.py",
    "integration",
    "networks/decoders/test_mirror.py",
    "networks/decoders/test_mirrors_from_elsewhere.py",
    "networks/encoders/test_backbones.py",
    "networks/encoders/test_door.py",
    "networks/encoders/test_timm_encoder.py",
    "networks/segmentation/test_segmenter.py",
    "networks/test_classifier.py",
    "networks/test_contract.py",
    "networks/test_weights.py",
    "objectives/test_gather.py",
    "store/test_journal.py",
    "store/test_sync.py",
    "store/test_table.py",
    "test_every_state.py",
    "test_misuse.py",
    "test_newer_versions.py",
    "test_older_versions.py",
    "test_one_declaration.py",
    "test_spaces.py",
    "test_wheel.py",
    "training/test_distributed.py",
    "training/test_loop.py",
    "training/test_model_file.py",
    "viewer",
)
LONG = {Path(__file__).parent / place for place in INTEGRATION}

# Seconds each, of what other tests guard in part. `make test` leaves them out; `.ci/run` and `make test-all` run them.
# A name stands for all parameters of its test.
HEAVY = (
    "actions/embedding/test_compare_networks.py::test_a_set_taken_for_grey_may_hold_a_picture_in_colour",
    "actions/embedding/test_compare_networks.py::test_fewer_images_are_read_and_compared_where_time_is_short",
    "actions/embedding/test_run.py::test_a_single_image",
    "actions/embedding/test_run.py::test_a_workspace_inside_the_folder_is_not_counted",
    "actions/embedding/test_run.py::test_groups_made_by_hand_stay_when_images_come_and_a_run_is_undone",
    "actions/embedding/test_run.py::test_groups_made_in_between_are_not_taken_for_those_of_the_run",
    "actions/embedding/test_run.py::test_hostile_folder",
    "actions/embedding/test_run.py::test_more_groups_than_a_part_has_images",
    "actions/inspection/test_methods.py::test_the_command_line_makes_a_model_that_predicts",
    "actions/inspection/test_predict.py::test_a_killed_process_is_gone_on_with[Ctrl-C]",
    "actions/segmentation/test_train.py::test_a_backbone_that_has_learnt_is_trained_at_a_third_of_the_rate[typed1-0.009]",
    "actions/segmentation/test_train.py::test_a_backbone_that_has_learnt_is_trained_at_a_third_of_the_rate[typed2-0.1]",
    "actions/segmentation/test_train.py::test_a_frozen_backbone_keeps_weights_and_statistics",
    "actions/segmentation/test_train.py::test_a_large_tiff_is_labelled_by_strips_and_gone_on_with_after_a_stop",
    "actions/segmentation/test_train.py::test_every_loss_learns[lovasz]",
    "actions/segmentation/test_train.py::test_stopped_and_resumed_it_ends_with_the_same_weights",
    "actions/test_killed.py::test_what_is_killed_was_done_or_was_not[group-6]",
    "actions/test_killed.py::test_what_is_killed_was_done_or_was_not[undo group-5]",
    "actions/test_killed_run.py::test_a_run_that_is_killed_goes_on_or_is_undone[run-48]",
    "actions/test_living.py::test_a_rebuild_that_was_killed_is_completed[100]",
    "actions/test_living.py::test_after_a_kill_at_any_moment_the_same_words_reach_the_same_end[60]",
    "actions/test_living.py::test_new_images_join_and_no_other_row_changes[3]",
    "actions/test_living.py::test_new_images_join_and_no_other_row_changes[auto]",
    "actions/test_run_again.py::test_groups_made_by_hand_stand_and_new_images_join_them[page]",
    "actions/test_run_again.py::test_groups_made_by_hand_stand_and_new_images_join_them[terminal]",
    "actions/training/test_adapting.py::test_statistics_stay_and_the_encoder_learns_slowly[aggregate]",
    "actions/training/test_fit.py::test_a_segmenter_learns_from_pairs_and_comes_back_from_its_folder",
    "actions/training/test_frozen_head.py::test_a_collapse_is_reported",
    "actions/training/test_frozen_head.py::test_a_stopped_run_goes_on_with_the_features_it_has",
    "actions/training/test_frozen_head.py::test_the_head_learns_and_the_encoder_stays[contrast]",
    "actions/training/test_frozen_head.py::test_training_makes_images_and_their_neighbours_more_alike",
    "actions/training/test_train.py::test_a_stopped_run_ends_with_the_weights_of_an_undisturbed_one[more1]",
    "actions/training/test_train.py::test_a_stopped_run_ends_with_the_weights_of_an_undisturbed_one[more2]",
    "actions/training/test_train.py::test_a_stopped_run_ends_with_the_weights_of_an_undisturbed_one[more3]",
    "analysis/clustering/test_temi.py::test_uneven_groups_are_found",
    "cli/test_main.py::test_what_reads_a_model_does_not_load_torchvision",
    "cli/test_streams.py::test_help_ends_in_a_shell_without_width[1]",
    "cli/test_streams.py::test_help_ends_in_a_shell_without_width[2]",
    "cli/words/test_read_text.py::test_signs_are_found_by_what_stands_on_them",
    "inference/words/test_two_towers.py::test_another_process_hands_its_error_on",
    "inference/words/test_two_towers.py::test_both_sides_agree_with_the_source[custom]",
    "inference/words/test_two_towers.py::test_both_sides_agree_with_the_source[resnet]",
    "inference/words/test_two_towers.py::test_both_sides_agree_with_the_source[siglip]",
    "objectives/test_gather.py::test_two_processes_of_different_sizes",
    "test_every_state.py::test_commands_one_after_the_other[half a model]",
    "test_every_state.py::test_methods_raise_nothing_but_errors_of_ours[half a model]",
    "test_every_state.py::test_requests_of_the_page_are_answered[half a model]",
    "test_one_declaration.py",
    "training/test_model_file.py::test_every_network_comes_back_as_it_was_saved[vgg11-bn]",
    "training/test_model_file.py::test_every_network_comes_back_as_it_was_saved[vgg13-bn]",
    "training/test_model_file.py::test_every_network_comes_back_as_it_was_saved[vgg19-bn]",
    "viewer/test_fuzz.py::test_no_request_breaks_the_server[8]",
    "viewer/test_share_in_browser.py",
    "viewer/test_teach_in_browser.py::test_names_are_taught_by_keyboard_alone",
    "viewer/test_viewer_in_browser.py::test_a_check_runs_with_live_progress_and_its_finds_are_shown",
    "viewer/test_write_routes.py::test_a_run_on_a_folder_can_be_opened[False]",
)
HEAVY_PLACES = set(HEAVY)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """What `make test-fast` leaves out is not even loaded."""
    return ("not integration" in config.option.markexpr and collection_path in LONG) or None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    left_out = {path for path in {item.path for item in items} if LONG & {path, *path.parents}}
    for item in items:
        if item.path in left_out:
            item.add_marker(pytest.mark.integration)
    names = {item: names_of(item) for item in items}
    for item, found in names.items():
        if found & HEAVY_PLACES:
            item.add_marker(pytest.mark.heavy)
    seen = set().union(*names.values())
    unknown = [name for name in HEAVY if name.split("::")[0] in seen and name not in seen]
    if unknown and not any("::" in argument for argument in config.args):
        raise pytest.UsageError(
            f"{unknown[0]} of HEAVY in tests/conftest.py is no test; take it out or rename it"
        )


def names_of(item: pytest.Item) -> set[str]:
    """The names that HEAVY may have a test by."""
    name = item.nodeid.removeprefix("tests/")
    return {name, name.split("[")[0], name.split("::")[0]}


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


@pytest.fixture(scope="session", autouse=True)
def _apart_from_the_user(session_folder: Path) -> None:
    """What unpool keeps for its user lies in the session's folder, for the first fixtures too."""
    _keep_apart(session_folder)


@pytest.fixture(autouse=True)
def _share_exports(session_folder: Path) -> None:
    """The same network is converted to ONNX once; see support.export_cache."""
    _keep_apart(session_folder)  # anew, since tests of these variables change them
    export_cache.install(session_folder)


def _keep_apart(folder: Path) -> None:
    os.environ["UNPOOL_CACHE"] = str(folder / "cache")  # shared by the processes that tests start
    os.environ["XDG_CONFIG_HOME"] = str(folder / "config")
