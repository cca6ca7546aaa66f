"""Which programs do which tasks, and what the tasks are."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Program:
    """One program; `package` is what pip installs for it, empty where unpool's environment has it."""

    name: str
    title: str
    tasks: tuple[str, ...]
    package: str = ""
    script: str = ""  # in programs/; empty for unpool
    variant: str = ""
    note: str = ""


@dataclass(frozen=True)
class Task:
    """One task; `best` is the quality that its picture shows, `figures` what its table shows, in this order."""

    name: str
    title: str
    text: str
    best: str
    figures: tuple[str, ...]
    trains: bool = False  # for given minutes, with another seed in each round


SAME_WEIGHTS = "with the weights that unpool has, since its own come from a hub"

PROGRAMS = (
    Program("unpool", "unpool", ("embed", "group", "check", "map", "digits", "segment")),
    Program(
        "plain", "torchvision and scikit-learn", ("embed", "group", "map", "digits"), script="plain",
        note="a Dataset, a DataLoader and an eager network of timm; k-means; scikit-learn's t-SNE",
    ),
    Program(
        "clustimage", "clustimage", ("group", "digits"), "clustimage", "clustimage_peer", "pca",
        "principal components of the pixels, agglomerative clusters, their number given",
    ),
    Program(
        "imagededup-cnn", "imagededup, network", ("embed", "check"), "imagededup", "imagededup_peer", "cnn",
        SAME_WEIGHTS,
    ),
    Program(
        "imagededup-phash", "imagededup, hashes", ("check",), "imagededup", "imagededup_peer", "phash",
        "perceptual hashes, at its own threshold",
    ),
    Program("cleanvision", "cleanvision", ("check",), "cleanvision", "cleanvision_peer"),
    Program(
        "fastdup", "fastdup", ("embed", "check"), "fastdup", "fastdup_peer",
        note="the small network in its package, at its own thresholds",
    ),
    Program("fiftyone", "FiftyOne", ("embed", "check"), "fiftyone", "fiftyone_peer", note=SAME_WEIGHTS),
    Program("opentsne", "openTSNE", ("map",), "openTSNE", "layouts", "opentsne"),
    Program("umap", "umap-learn", ("map",), "umap-learn", "layouts", "umap"),
    Program(
        "lightly", "lightly, SimCLR", ("digits",), "lightly", "lightly_peer",
        note="ResNet-18 and settings of its README, without views that mirror digits, then k-means",
    ),
    Program(
        "smp-resnet18", "segmentation_models_pytorch, ResNet-18", ("segment",), "segmentation-models-pytorch",
        "smp_peer", "resnet18", "Unet from random weights, since its own come from a hub",
    ),
    Program(
        "smp-lite0", "segmentation_models_pytorch, EfficientNet-lite0", ("segment",),
        "segmentation-models-pytorch", "smp_peer", "lite0", f"Unet {SAME_WEIGHTS}",
    ),
)  # fmt: skip

TASKS = (
    Task(
        "embed", "Embed photographs",
        "Vectors of all photographs of a folder. unpool also makes thumbnails and figures of each image, and writes "
        "its table.",
        "knn", ("knn", "smallest cosine"),
    ),
    Task(
        "group", "Group photographs",
        "As many groups as there are classes, without their names. unpool also draws a map and a report.",
        "nmi", ("nmi", "accuracy", "knn", "groups"),
    ),
    Task(
        "check", "Find what is wrong in a folder",
        "Copies and damaged images were planted among photographs: exact copies; copies that are smaller, cut, lit "
        "and compressed differently; images that are too dark, too bright or blurred. The table has the share found, "
        "and how much else was reported, some of it rightly: the given photographs were not looked through.",
        "near",
        (
            "exact", "near", "other pairs", "dark", "other dark", "bright", "other bright", "blurred",
            "other blurred",
        ),
    ),
    Task(
        "map", "Lay vectors out in the plane",
        "The same vectors for all. unpool also draws the map and writes its table.",
        "knn", ("knn", "trustworthiness"),
    ),
    Task(
        "digits", "Learn small images without labels",
        "scikit-learn's 1,797 digits of 8 × 8 pixels in ten groups; what trains has the same minutes.",
        "accuracy", ("accuracy", "nmi", "knn", "groups", "steps"), trains=True,
    ),
    Task(
        "segment", "Segment street scenes",
        "Trained for the same minutes from the same images; mean intersection over union on the validation images. "
        "unpool chooses its weights by them, the others keep their last.",
        "miou", ("miou", "pixel accuracy", "steps"), trains=True,
    ),
)  # fmt: skip


def names_of(program: Program) -> set[str]:
    """Names that choose a program: its own, those of its tasks, and both joined by a colon."""
    return {program.name, *program.tasks, *(f"{task}:{program.name}" for task in program.tasks)}
