"""Which model a command needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypedDict

from unpool.actions.embedding.choose_network import PRETRAINED, find_model
from unpool.actions.embedding.settings import EmbedSettings
from unpool.core.file_identity import digest_files
from unpool.errors import UnpoolError, UsageError
from unpool.inference.model import keep_pretrained
from unpool.inference.vectors.vector_file import VectorFile, read_vectors
from unpool.networks.encoders.door import find_encoder, function_of, keep_encoder
from unpool.training.model_file import expect_kind, has_model

VECTORS = "vectors"  # the network of a workspace that has none
REQUEST_KEY, REQUEST_KEY_0_1 = "model_request", "wish"  # in unpool.yaml, the second before version 0.2


class StoredRequest(TypedDict):
    """A request as unpool.yaml keeps it."""

    network: str
    minutes: float | None
    steps: int | None
    seed: int


@dataclass(frozen=True)
class ModelRequest:
    """The model that a command needs.

    The same request keeps the model in place.

    Args:
        network: A name of the catalogue, a model folder, or "auto".
        minutes: Time for training.
        steps: Number of steps, instead of minutes.
        seed: Random seed.
        may_train: Whether a network may be trained on the images.
        groups: What a trained network is refined by; another number is no reason to train again.
        vectors: Those of a file, in place of a network.
        weights: A file with the weights of `network`, instead of published ones.
    """

    network: str = "auto"
    minutes: float | None = None
    steps: int | None = None
    seed: int = 0
    may_train: bool = True
    groups: int | Literal["auto"] = "auto"
    vectors: VectorFile | None = None
    weights: Path | None = None

    def matches(self, state: Mapping[str, object], training: Mapping[str, object] | None) -> bool:
        """Whether the model of a workspace serves this request.

        It does where it was made for the same request, or where none in particular is requested.

        Args:
            state: Of the workspace.
            training: How its model was trained; None for weights from elsewhere.

        Returns:
            True where the model can stay.
        """
        takes_any = self.network == "auto" and self.minutes is None and self.steps is None
        same_seed = training is None or training.get("seed") == self.seed
        stored = state.get(REQUEST_KEY, state.get(REQUEST_KEY_0_1))
        return (takes_any and same_seed) or stored == self.run_key()

    def names_model(self, folder: Path) -> bool:
        """Whether it names this very model folder."""
        return self.weights is None and Path(self.network).resolve() == folder.resolve()

    def run_key(self) -> StoredRequest:
        """Return what makes two requests the same, for unpool.yaml."""
        network = self.network if self.vectors is None else f"{VECTORS}-{self.vectors.digest}"
        if self.weights is not None:
            network = f"{network} with weights {digest_files(self.weights)}"
        return StoredRequest(network=network, minutes=self.minutes, steps=self.steps, seed=self.seed)


def request_from(settings: EmbedSettings) -> ModelRequest:
    """Read which model `unpool embed` is to embed by.

    Raises:
        UsageError: neither a model nor vectors are given, or both.
        UnpoolError: the file of vectors cannot be used.
    """
    if settings.vectors is None and settings.model is None:
        raise UsageError(
            f"--model is missing; name a model folder or a network such as {PRETRAINED}, or give --vectors FILE"
        )
    if settings.vectors is None:
        if settings.engine != "local" and function_of(str(settings.model)):
            raise UsageError(
                f"--model {settings.model} is a function and runs in this process; leave --engine out"
            )
        return ModelRequest(str(settings.model), may_train=False, weights=settings.weights)
    others = {"--model": settings.model, "--weights": settings.weights}
    given = [name for name, value in others.items() if value is not None]
    if given or settings.engine != "local":
        other = given[0] if given else "--engine"
        raise UsageError(f"--vectors brings the vectors, so that {other} has nothing to do; give one of them")
    return ModelRequest(VECTORS, may_train=False, vectors=read_vectors(settings.vectors))


def check_request(request: ModelRequest) -> None:
    """Check that there is such a model, before any work.

    Raises:
        UnpoolError: the path is no model folder, or the network has no weights to embed with.
        UsageError: no network has this name.
    """
    name = request.network
    if request.weights is not None:
        if name == "auto" or has_model(Path(name)):
            raise UsageError(
                f"--weights {request.weights} needs the name of its network, not {name}; name one with --model"
            )
        keep_encoder(name, request.weights)
        return
    if name in ("auto", PRETRAINED) or request.vectors is not None:
        return
    if kind := find_encoder(name):
        kind.check(name)
    elif folder := find_model(name):
        expect_kind(folder, "encoder")
    elif is_pretrained(name):
        keep_pretrained(name)  # a missing download is found before anything is made
    elif not request.may_train:
        raise UnpoolError(
            f"{name} has no weights of its own; train it with `unpool train FOLDER --network {name} --out MODEL` and "
            "give MODEL, or take efficientnet-lite0"
        )


def check_num_groups(groups: int | Literal["auto"] | None, num_images: int) -> None:
    """Raise `UnpoolError` where there are fewer images than groups."""
    if isinstance(groups, int) and groups > num_images:
        images = f"are only {num_images} images" if num_images != 1 else "is only 1 image"
        raise UnpoolError(f"--groups is {groups}, but there {images}; give a smaller number, or leave it out")


def is_pretrained(name: str) -> bool:
    """Whether a network is used with weights from elsewhere.

    torch is not imported for the default.
    """
    if name == PRETRAINED or find_encoder(name) is not None:
        return True
    from unpool.networks.catalogue import is_backbone

    return is_backbone(name)
