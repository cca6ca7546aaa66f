"""Data flows one way: a file imports only from rooms above its own, imports inside functions included."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "unpool"

# From top to bottom; docs/architecture.md tells the same story in words.
PLAN = """
errors core.cpu core.rng core.specs options core.atomic_files core.markers core.progress cli.config_file
images.reading.scan images.reading.decode images.reading.exif images.datasets images.class_folders images.source images.augment.noise
images.augment.transform_types
images.augment.transform_specs images.augment.augmentation images.pixel_cache images.reading.tiff_colours images.reading.tiff_rows
images.masks.pixel_classes images.masks.crop_presets
images.masks.known_palettes images.masks.class_file images.masks.mask_file images.masks.pairs images.masks.infer_classes images.masks.label_maps
images.masks.pair_store images
networks.layers.pooling networks.encoders.small networks.decoders.mirror networks.autoencoder networks.shape_check networks.catalogue
networks.layers.bilinear networks.segmentation.fpn networks.segmentation.pyramid networks.segmentation.segmenter networks
objectives.base objectives.gather objectives.views objectives.contrastive objectives.local_aggregation.clustering
objectives.local_aggregation.loss objectives.local_aggregation.objective objectives.self_labelling objectives.losses.ssim
objectives.losses.registry objectives.losses.segmentation objectives.losses.metrics objectives.reconstruction
objectives.denoising
objectives.classification objectives.registry objectives
training.plan training.budget training.history training.datasets training.masked_datasets training.specs training.optimisers
training.schedules
training.checkpoint training.run_folder training.tensorboard training.distributed training.meters training.interrupt
training.guards
training.loop
training.model_file training
inference.encoder inference.view_embedding inference.embedding inference.inputs inference.reconstruction inference.segmenter
inference.tiles inference.predict_mask inference
analysis.neighbours analysis.mapping analysis.metrics.silhouette analysis.clustering.communities analysis.clustering.num_groups
analysis.clustering.consensus analysis.clustering.reassign analysis.clustering.temi analysis.clustering.grouping analysis.metrics.unsupervised analysis.clustering.hierarchy
analysis.metrics.supervised analysis.checks.alignment analysis.checks.sketches analysis.checks.near_duplicates
analysis.checks.thresholds analysis.label_propagation analysis
store.lance_rows store.table
report
store.state store.origin actions.embedding.choose_network store.sync store.findings store.csv_files training.recipes
actions.embedding.train_encoder inference.model
store.row_writer actions.embedding.adapt_features actions.embedding.compare_networks actions.embedding.prepare_model actions.embedding.embed actions.grouping.group_files actions.grouping.group
actions.curation.undo actions.curation.edit actions.curation.suggest actions.grouping.report actions.reported actions.embedding.run
actions.training.network_request actions.training.settings actions.training.preflight actions.training.output_folder actions.training.run actions.training.frozen_head actions.training.fit
actions.training.train
actions.training.reconstruct actions.curation.reconstruction_error actions.curation.check actions.curation.search actions.sharing.snapshot actions.sharing.quality
actions.sharing.static_page actions.sharing.folders actions.sharing.export actions.training.networks
actions.segmentation.data actions.segmentation.report actions.segmentation.run actions.segmentation.train inference.segmenter_model
actions.segmentation.output_files actions.segmentation.output_record actions.segmentation.predict actions.segmentation.evaluate
viewer.images actions
workspace
viewer.security viewer.schemas viewer.folders viewer.worker viewer.jobs viewer.session viewer.filters viewer.read_routes
viewer.write_routes viewer.server viewer
cli.render cli.parameters cli.errors cli.segment cli.view cli.label cli.main
__main__
"""
ORDER = PLAN.split()


def name_of(file: Path) -> str:
    parts = file.relative_to(SOURCE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def rank(module: str) -> tuple[int, bool]:
    """The place of a module in the order, by its own name or else by its room's."""
    if module in ORDER:
        return ORDER.index(module), True
    return ORDER.index(module.split(".")[0]), False


def imported(text: str) -> set[str]:
    """The modules of ours that a file imports; `from package import module` is that module."""
    modules = {name_of(file) for file in SOURCE.rglob("*.py")}
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {alias.name.removeprefix("unpool.") for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("unpool"):
            base = str(node.module).removeprefix("unpool").removeprefix(".")
            inside = {f"{base}.{alias.name}".removeprefix(".") for alias in node.names}
            found |= (inside & modules) or {base or "errors"}
        assert not (isinstance(node, ast.ImportFrom) and node.level), "imports are absolute"
    return {name for name in found if name in modules}


def backward(module: str, text: str) -> list[str]:
    """Imports of `module` that point down or, within a room, from a listed file to a later listed one."""
    own, listed = rank(module)
    room = module.split(".")[0]
    wrong = []
    for name in imported(text):
        place, known = rank(name)
        same_room = name.split(".")[0] == room
        if place > own if (not same_room or (listed and known)) else False:
            wrong.append(name)
    return wrong


MODULES = sorted(file for file in SOURCE.rglob("*.py") if file != SOURCE / "__init__.py")


@pytest.mark.parametrize("file", MODULES, ids=name_of)
def test_imports_point_up(file: Path) -> None:
    assert backward(name_of(file), file.read_text("utf-8")) == []


def test_an_import_that_points_down_is_seen() -> None:
    inside = "def f():\n    from unpool.store.table import ImageTable\n"
    assert backward("images.decode", inside) == ["workspace"]
    assert backward("networks.pooling", "import unpool.networks.decoders.mirror") == ["networks.mirror"]
    assert backward("workspace", "from unpool import errors") == []


def test_no_import_cycles() -> None:
    graph = {name_of(file): imported(file.read_text("utf-8")) for file in MODULES}
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " → ".join([*trail, name])
        if name not in done:
            for other in graph.get(name, ()):
                if other != name and not name.startswith(f"{other}."):
                    visit(other, (*trail, name))
            done.add(name)

    for name in graph:
        visit(name, ())


def test_only_the_workspace_knows_lance() -> None:
    for file in MODULES:
        if name_of(file) not in ("workspace", "lance_rows"):
            text = file.read_text("utf-8")
            assert "import lance" not in text, file
