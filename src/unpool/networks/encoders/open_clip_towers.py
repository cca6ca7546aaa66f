"""Two-tower models of OpenCLIP: images and texts.

B images or texts in a batch, C channels, H height, W width, D numbers in a vector, L tokens.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from unpool.errors import UnpoolError, UsageError, shorten_reason, unknown_name
from unpool.networks.encoders.open_clip_names import (
    CONFIG,
    EXAMPLE,
    HUB,
    INSTALL,
    PREFIX,
    WEIGHTS,
    OpenClipName,
    check_folder,
)
from unpool.networks.image_batch import takes_images
from unpool.networks.image_encoder import ImageEncoder
from unpool.networks.preprocessing import Preprocessing
from unpool.networks.weights import without_long_retries, without_messages

ENDED_POOLS = ("argmax", "eos")  # they read the vector at the end of a text: what fills it up has no effect
TINY_TEXT = {"context_length": 2, "vocab_size": 2, "width": 2, "heads": 1, "layers": 1}
CROPS = {"shortest": "centre", "squash": "squash", "longest": "pad"}


class ImageTower(ImageEncoder):
    """The image side: an embedder whose vectors have length 1.

    It is built again from `embed_dim`, `vision_cfg` and `quick_gelu`.
    """

    part = "visual"

    def dimension(self, size: int | None = None) -> int:
        """Return D; images have one size, whatever `size` is."""
        number: int = self.built_with["embed_dim"]
        return number

    @takes_images
    def embed(self, x_BCHW: Tensor) -> Tensor:
        """Return a vector of length 1 for each image, (B, D)."""
        return F.normalize(self.pool(x_BCHW), dim=-1)

    def pool(self, x_BCHW: Tensor) -> Tensor:
        """Compute vectors (B, D) before they get length 1."""
        visual: Any = self.visual
        found = visual(x_BCHW)
        vector_BD: Tensor = found[0] if isinstance(found, tuple) else found  # with the tokens of CoCa
        return vector_BD


class TextTower(nn.Module):
    """The text side: tokens (B, L) to vectors of length 1.

    Args:
        model: OpenCLIP's model; its image side is taken off.
        is_short: Texts may have fewer tokens than it was trained with, so that short ones cost less. `takes_short`
            says which models allow it.
    """

    def __init__(self, model: nn.Module, *, is_short: bool) -> None:
        super().__init__()
        self.model: Any = model  # torch cannot say what attributes it has
        self.is_short = is_short
        for name in ("visual", "text_decoder"):
            if hasattr(model, name):
                setattr(model, name, nn.Identity())

    def forward(self, tokens_BL: Tensor) -> Tensor:
        """Return vectors (B, D)."""
        vector_BD = self._embed_short(tokens_BL) if self.is_short else self.model.encode_text(tokens_BL)
        return F.normalize(vector_BD, dim=-1)

    def _embed_short(self, tokens_BL: Tensor) -> Tensor:
        from open_clip.transformer import text_global_pool

        side = getattr(self.model, "text", self.model)
        length = tokens_BL.shape[1]
        x_BLd = side.token_embedding(tokens_BL) + side.positional_embedding[:length]
        x_BLd = side.ln_final(side.transformer(x_BLd, attn_mask=side.attn_mask[:length, :length]))
        pool, end = _pool(side)
        x_Bd: Tensor = text_global_pool(x_BLd, tokens_BL, pool, eos_token_id=end)
        projection = side.text_projection
        if projection is None:
            return x_Bd
        found: Tensor = projection(x_Bd) if isinstance(projection, nn.Linear) else x_Bd @ projection
        return found


@dataclass(frozen=True)
class TwoTowers:
    """A model of OpenCLIP, loaded.

    Args:
        images: Its image side.
        model: All of it.
        config: How it is built: OpenCLIP's `model_cfg`.
        folder: Where files of its tokenizer lie; None for a model that is not a local folder.
        source: Its name for OpenCLIP's functions.
    """

    images: ImageTower
    model: Any
    config: dict[str, Any]
    folder: Path | None
    source: str

    @property
    def text_config(self) -> dict[str, Any]:
        """What is known of the text side."""
        found: dict[str, Any] = self.config["text_cfg"]
        return found

    @property
    def scale(self) -> float:
        """What cosines are multiplied by."""
        return float(self.model.logit_scale.detach().exp())

    @property
    def bias(self) -> float | None:
        """What is then added; None for models without."""
        bias = getattr(self.model, "logit_bias", None)
        return None if bias is None else float(bias.detach())


def load_towers(name: OpenClipName, weights: Path | None) -> TwoTowers:
    """Load a model of OpenCLIP, perhaps after a download.

    Args:
        name: Which one.
        weights: A file with its weights, instead of those that the name stands for.

    Returns:
        The model, in evaluation mode and single precision.

    Raises:
        UnpoolError: a package is missing, or the weights cannot be had, or are another model's.
        UsageError: OpenCLIP has no such architecture or tag.
    """
    open_clip = _import_open_clip()
    options = _find_options(name, weights, open_clip)
    with _explain(name, weights), without_messages():
        if weights is None:
            model = open_clip.create_model(name.source, name.tag, require_pretrained=True, **options)
        else:
            model = open_clip.create_model(name.source, load_weights=False, pretrained_text=False, **options)
            open_clip.load_checkpoint(model, str(weights), weights_only=True)
        config = open_clip.get_model_config(name.source)
    config["quick_gelu"] = options.get("quick_gelu", config.get("quick_gelu", False))
    model = model.float().eval()
    return TwoTowers(_image_tower(model.visual, config, name), model, config, name.folder, name.source)


def fetch_weights(name: OpenClipName) -> None:
    """Download the weights of a name, unless they are there.

    Args:
        name: One with a tag, or on a hub.

    Raises:
        UnpoolError: as for `load_towers`.
        UsageError: likewise.
    """
    open_clip = _import_open_clip()
    _find_options(name, None, open_clip)
    with _explain(name, None), without_messages():
        if name.source.startswith(HUB):
            place = name.source.removeprefix(HUB)
            open_clip.pretrained.download_pretrained_from_hf(place, CONFIG)
            open_clip.pretrained.download_pretrained_from_hf(place)
        else:
            stated = open_clip.pretrained.get_pretrained_cfg(name.source, name.tag)
            open_clip.pretrained.download_pretrained(stated)


def build_images(options: Mapping[str, Any], architecture: str, preprocessing: Preprocessing) -> ImageTower:
    """Build an image side with random weights.

    Args:
        options: As `ImageTower` keeps them.
        architecture: What the model is called.
        preprocessing: How pictures become its input.

    Returns:
        It, for the weights of a model folder.

    Raises:
        UnpoolError: a package is missing.
    """
    open_clip = _import_open_clip()
    vision = {**options["vision_cfg"], "timm_model_pretrained": False}
    with without_messages():  # the text side is as small as can be, and left out
        model = open_clip.CustomTextCLIP(**{**options, "vision_cfg": vision, "text_cfg": TINY_TEXT})
    return ImageTower(model.visual, architecture=architecture, preprocessing=preprocessing, options=options)


def takes_short(model: nn.Module) -> bool:
    """Whether what follows a text has no effect.

    Then texts need not be filled up.
    """
    side = getattr(model, "text", model)
    is_plain = all(hasattr(side, name) for name in ("token_embedding", "ln_final", "text_projection"))
    return (
        is_plain
        and getattr(side, "attn_mask", None) is not None
        and getattr(side, "cls_emb", None) is None
        and _pool(side)[0] in ENDED_POOLS
    )


def find_preprocessing(stated: Mapping[str, Any]) -> Preprocessing:
    """Translate OpenCLIP's statement of preprocessing.

    Args:
        stated: Its `preprocess_cfg`.

    Raises:
        UnpoolError: its pictures are not square.
    """
    size = stated["size"]
    sides = (size, size) if isinstance(size, int) else tuple(size)
    if len(set(sides)) > 1:
        raise UnpoolError(
            f"the model takes pictures of {sides[0]} × {sides[1]} pixels; only squares are supported"
        )
    return Preprocessing(
        size=int(sides[0]), channels=3, mean=_three(stated["mean"]), std=_three(stated["std"]),
        interpolation="bilinear" if stated["interpolation"] == "bilinear" else "bicubic",
        crop=CROPS[stated["resize_mode"]], exact=True, fill=(int(stated.get("fill_color") or 0),) * 3,
    )  # fmt: skip


def _three(value: float | Sequence[float]) -> tuple[float, ...]:
    """A number for each channel."""
    return (float(value),) * 3 if isinstance(value, int | float) else tuple(map(float, value))


def _pool(side: nn.Module) -> tuple[str, int | None]:
    """How the text side makes one vector of all tokens, and the token that ends a text."""
    if hasattr(side, "text_pool_type"):  # the model itself
        return str(side.text_pool_type), side.text_eos_id  # type: ignore[return-value]
    return str(getattr(side, "pool_type", "")), getattr(side, "eos_id", None)


def _image_tower(visual: Any, config: Mapping[str, Any], name: OpenClipName) -> ImageTower:
    vision = {**config["vision_cfg"], "timm_model_pretrained": False}
    options = {
        "embed_dim": config["embed_dim"],
        "vision_cfg": vision,
        "quick_gelu": bool(config.get("quick_gelu")),
    }
    return ImageTower(
        visual, architecture=name.architecture, options=options,
        preprocessing=find_preprocessing(visual.preprocess_cfg),
    )  # fmt: skip


def _find_options(name: OpenClipName, weights: Path | None, open_clip: Any) -> dict[str, Any]:
    """Arguments of OpenCLIP's `create_model` that the weights need."""
    if ":" in name.source:
        return {}
    if name.source not in open_clip.list_models():
        raise unknown_name("architecture of OpenCLIP", name.source, open_clip.list_models())
    tags = open_clip.list_pretrained_tags_by_model(name.source)
    if name.tag is None and weights is None:
        example = f"{PREFIX}{name.source}/{tags[-1]}" if tags else EXAMPLE
        raise UsageError(
            f"{name.text} names no weights; add one of {', '.join(tags) or 'no published ones'}, such as {example}, "
            "or give --weights FILE"
        )
    if name.tag is not None and open_clip.pretrained.get_pretrained_cfg(name.source, name.tag) == {}:
        raise unknown_name(f"weights of {name.source}", name.tag, tags)
    stated = [
        open_clip.pretrained.get_pretrained_cfg(name.source, tag)
        for tag in ([name.tag] if name.tag else tags)
    ]
    options: dict[str, Any] = {}
    if name.tag is not None:  # OpenCLIP only warns where the architecture is not that of the weights
        options["quick_gelu"] = bool(stated[0].get("quick_gelu"))
    if (
        weights is not None
    ):  # a file says nothing of its preprocessing: the published ones do, where they agree
        options["force_preprocess_cfg"] = {
            key: stated[0][key] for key in ("mean", "std", "interpolation", "resize_mode")
            if stated and len({repr(each.get(key)) for each in stated}) == 1 and stated[0].get(key) is not None
        }  # fmt: skip
    return options


def _import_open_clip() -> Any:
    try:
        with without_messages():
            import open_clip
    except ImportError as error:
        raise UnpoolError(
            f"models of OpenCLIP need the package open_clip_torch ({error}); {INSTALL}"
        ) from error
    return open_clip


@contextmanager
def _explain(name: OpenClipName, weights: Path | None) -> Iterator[None]:
    """Turn what OpenCLIP raises into one line that says what to do."""
    if weights is not None and not weights.is_file():
        raise UnpoolError(f"there is no weights file {weights}; check the path")
    if name.folder is not None:
        check_folder(name.folder, weights)
    try:
        with without_long_retries():
            yield
    except (UnpoolError, KeyboardInterrupt, MemoryError):
        raise
    except Exception as error:
        reason = shorten_reason(error, 200)
        if "transformers" in reason and "install" in reason:
            raise UnpoolError(
                f"{name.text} needs the package transformers; pip install transformers"
            ) from error
        if weights is not None:
            problem = (
                f"{weights} holds no weights of {name.text.removeprefix(PREFIX)} that can be read ({reason})"
            )
            raise UnpoolError(f"{problem}; check that the file is of this model") from error
        if name.folder is not None:
            problem = f"the model of OpenCLIP in {name.folder} cannot be loaded ({reason})"
            raise UnpoolError(f"{problem}; copy the whole folder again") from error
        raise UnpoolError(
            f"the weights of {name.text} could not be fetched ({reason}); {_remedy(name)}, or name a mirror with "
            "HF_ENDPOINT"
        ) from error


def _remedy(name: OpenClipName) -> str:
    """Which file is missing, and what to do with it."""
    from open_clip.pretrained import get_pretrained_cfg

    if name.source.startswith(HUB):
        place = name.source.removeprefix(HUB)
        return f"put {CONFIG} and {WEIGHTS[0]} of https://huggingface.co/{place} into a folder, and name that"
    stated = get_pretrained_cfg(name.source, name.tag or "")
    place, _, file = str(stated.get("hf_hub", "")).rpartition("/")
    if place:
        return f"fetch {file or WEIGHTS[0]} of https://huggingface.co/{place} and give it with --weights FILE"
    return f"fetch {stated.get('url')} and give it with --weights FILE"
