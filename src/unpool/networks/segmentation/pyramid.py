"""One map of features of an encoder for each size.

B batch, C channels, h and w of a map.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from torch import Tensor, nn

from unpool.errors import UnpoolError, shorten_reason
from unpool.networks.autoencoder import smallest_input
from unpool.networks.encoders.backbones import Backbone
from unpool.networks.layers.evaluation import evaluating
from unpool.networks.layers.pooling import is_sequential

PROBE = 192  # pixels a side of the image that is run once, to see where maps shrink
SHRINKS = 0.7  # a map is of the next level where its side is less than this share of the one before


@dataclass(frozen=True)
class Level:
    """One size of maps.

    `module` is the one whose output is the last of that size.
    """

    module: str
    channels: int
    reduction: float  # how many times smaller than the image


class Pyramid:
    """An encoder that gives the last map of every size.

    It maps (B, C, H, W) to maps, largest first; the last is the encoder's own output. The encoder is used as it is,
    and stays its owner's: a pyramid is no module. `levels` hold channels and reduction of each map. What lies inside
    blocks (residual ones, for one) is no map of its own.

    Args:
        encoder: (B, C, H, W) → a map of features.
        channels: of the images.
        size: side of the image that is run once to find the maps, pixels.
        finest: maps larger than 1/`finest` of the image are left out, but for the last.

    Raises:
        UnpoolError: where the encoder gives no map at all, or takes images of one size only.

    >>> import torch
    >>> encoder = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.MaxPool2d(2), nn.Conv2d(4, 8, 3, padding=1))
    >>> pyramid = Pyramid(encoder)
    >>> [(level.channels, level.reduction) for level in pyramid.levels]
    [(4, 1.0), (8, 2.0)]
    >>> [tuple(map_BChw.shape) for map_BChw in pyramid(torch.zeros(1, 3, 10, 12))]
    [(1, 4, 10, 12), (1, 8, 5, 6)]
    """

    def __init__(self, encoder: nn.Module, channels: int = 3, size: int = PROBE, finest: float = 1.0) -> None:
        self.encoder = encoder
        *above, last = _find_levels(encoder, channels, size)
        self.levels = [*(level for level in above if level.reduction > 0.75 * finest), last]
        self.smallest = max(smallest_input(encoder) or (1,))

    def __call__(self, x_BCHW: Tensor) -> list[Tensor]:
        """Compute the maps, largest first."""
        kept = {level.module: level.channels for level in self.levels[:-1]}
        with record_outputs(self.encoder, kept) as maps:
            last_BChw = self.encoder(x_BCHW)
        return [*(put_channels_first(maps[name], kept[name]) for name in kept), last_BChw]


def _find_levels(encoder: nn.Module, channels: int, size: int) -> list[Level]:
    if _has_tokens(encoder):
        name = type(getattr(encoder, "body", encoder)).__name__
        raise UnpoolError(
            f"{name} takes tokens of images of one size, but a segmenter takes any; name a backbone of "
            "convolutions"
        )
    names = _trunk(encoder)
    parameter = next(encoder.parameters())
    image_1CSS = parameter.new_zeros(1, channels, size, size)
    seen: dict[str, Tensor] = {}
    try:
        with evaluating(encoder), record_outputs(encoder, names) as seen:
            last = encoder(image_1CSS)
    except UnpoolError:
        raise
    except Exception as error:
        raise UnpoolError(
            f"the backbone does not run on {size}×{size} pixels ({shorten_reason(error)})"
        ) from error
    if not isinstance(last, Tensor) or last.ndim != 4:
        shape = "×".join(map(str, getattr(last, "shape", ())))
        raise UnpoolError(f"the backbone gives {shape or 'no tensor'}, not a map; name one of convolutions")
    levels: list[Level] = []
    recorded = [
        (name, put_channels_first(map_BChw, names[name]))
        for name, map_BChw in seen.items()
        if map_BChw.ndim == 4
    ]
    for name, map_BChw in [*recorded, ("", last)]:
        reduction = size / map_BChw.shape[2]
        if levels and levels[-1].reduction >= SHRINKS * reduction:
            levels.pop()
        levels.append(Level(name, map_BChw.shape[1], reduction))
    return levels


def _has_tokens(encoder: nn.Module) -> bool:
    body = getattr(encoder, "body", encoder)
    return (
        hasattr(body, "patch_embed")
        or hasattr(body, "pos_embed")
        or getattr(encoder, "num_prefix_tokens", 0) > 0
    )


def _trunk(encoder: nn.Module) -> dict[str, int]:
    """The modules whose outputs may be maps, each with its channels where they are known, else 0."""
    prefix = "body." if isinstance(encoder, Backbone) else ""
    info = getattr(encoder.body, "feature_info", None) if isinstance(encoder, Backbone) else None
    stages = getattr(info, "info", info)
    modules = dict(encoder.named_modules())
    if isinstance(stages, list) and all(prefix + str(stage.get("module")) in modules for stage in stages):
        return {prefix + str(stage["module"]): int(stage["num_chs"]) for stage in stages}
    return dict.fromkeys(list_in_sequence(encoder, "", is_root=True), 0)


def list_in_sequence(module: nn.Module, name: str, is_root: bool = False) -> Iterator[str]:
    """List the modules whose outputs follow each other.

    Args:
        module: Where to look.
        name: Its own name, put before theirs.
        is_root: Its children are looked at whatever it is, and it is not listed.

    Yields:
        Names, from the image on.
    """
    if is_root or is_sequential(module) or isinstance(module, nn.ModuleList):
        for child_name, child in module.named_children():
            # A backbone runs its body and then, at most, turns tokens into a map.
            inner = isinstance(module, Backbone)
            yield from list_in_sequence(child, f"{name}.{child_name}" if name else child_name, is_root=inner)
    if not is_root:
        yield name


@contextmanager
def record_outputs(encoder: nn.Module, names: Iterable[str]) -> Iterator[dict[str, Tensor]]:
    """Keep the outputs of named modules, as they end.

    A map that a later layer changes in place is not copied: what it became belongs to the same level.
    """
    maps: dict[str, Tensor] = {}
    modules = dict(encoder.named_modules())

    def keep(name: str) -> Callable[[nn.Module, object, object], None]:
        def hook(module: nn.Module, inputs: object, output: object) -> None:
            if isinstance(output, Tensor):
                maps[name] = output

        return hook

    handles = [modules[name].register_forward_hook(keep(name)) for name in names]
    try:
        yield maps
    finally:
        for handle in handles:
            handle.remove()


def put_channels_first(map_BChw: Tensor, channels: int) -> Tensor:
    """Move a last axis of `channels` to the second place."""
    if channels and map_BChw.shape[1] != channels and map_BChw.shape[-1] == channels:
        return map_BChw.permute(0, 3, 1, 2)
    return map_BChw
