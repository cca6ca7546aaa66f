"""A task: a network on images, with or without classes.

N images, K classes, B batch, C channels, H height, W width.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from unpool.actions.training.run import Parts, Record, SavedModel, build_tensorboard_log
from unpool.actions.training.settings import ResolvedSettings
from unpool.core.atomic_files import write_bytes
from unpool.core.progress import Progress
from unpool.errors import UnpoolError
from unpool.images.values.rules import NO_RULES, VALUES, ValueRules
from unpool.objectives.base import ObjectiveInputs
from unpool.training.history import History
from unpool.training.plan import Plan
from unpool.training.tensorboard import Log

if TYPE_CHECKING:
    from torch import Tensor

    from unpool.networks.autoencoder import Autoencoder
    from unpool.objectives.base import Objective
    from unpool.objectives.views import PrecomputedViews
    from unpool.training.data.datasets import Images

NUM_RANKED = 2_000  # images whose vectors the effective rank is computed from
NUM_EXAMPLES = 16  # images in reconstructions.png


@dataclass(frozen=True)
class Labels:
    """The class of each image.

    Args:
        class_of_image: (N,) int64, positions in `classes`.
        classes: their names.
        not_validated: classes without an image to validate on.
        facts: what results say of where the classes come from.
    """

    class_of_image: np.ndarray
    classes: list[str]
    not_validated: tuple[str, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass
class ImageTask:
    """A network, its images, and what it is trained for.

    Args:
        network: trained in place.
        data: the images, by index.
        settings: objective, plan and what goes with them.
        parts: indices to train on and to validate on.
        labels: of an objective that needs them.
        encoder_lr: learning rate of an encoder that is adapted; None: as the rest.
        full_network: the network that is kept, where only its head is trained.
        precomputed_views: features of views, where only a head is trained.
        rules: by which the images' values of more than 8 bits were scaled.
    """

    network: Any
    data: Images
    settings: ResolvedSettings
    parts: Parts
    labels: Labels | None = None
    encoder_lr: float | None = None
    full_network: Autoencoder | None = None
    precomputed_views: PrecomputedViews | None = None
    progress: Progress = field(default_factory=Progress)
    rules: ValueRules = NO_RULES
    _corruption: Callable[..., Tensor] | None = None

    def __post_init__(self) -> None:
        spec, count = self.settings.spec, len(self.parts[0])
        if count < spec.min_images:
            raise UnpoolError(
                f"--objective {spec.name} compares images and needs {spec.min_images} or more to train on, "
                f"not {count}; give more images or a smaller --val"
            )

    @property
    def plan(self) -> Plan:
        """The plan, with the encoder's own learning rate."""
        return replace(self.settings.plan, backbone_lr=self.encoder_lr)

    def build_objective(self) -> Objective:
        """Build the objective, with labels and views as it needs."""
        from unpool.objectives.registry import build_objective

        settings, labels = self.settings, self.labels
        objective = build_objective(
            settings.objective,
            self.network,
            ObjectiveInputs(
                loss=settings.loss, corruption=settings.corruption, seed=settings.plan.seed,
                labels_N=labels.class_of_image if labels else None,
                num_classes=len(labels.classes) if labels else 0,
                trained_M=self.parts[0], num_images=len(self.data), views=self.precomputed_views or settings.views,
                adapts=self.encoder_lr is not None,
            ),
        )  # fmt: skip
        self._corruption = getattr(objective, "corruption", None)
        return objective

    def build_log(self, out: Path, first_step: int) -> Log:
        """Log to TensorBoard."""
        return build_tensorboard_log(out, first_step)

    def measure(self, history: History) -> Record:
        """Return the objective, its best loss, and the codes' rank."""
        found: Record = {
            "objective": self.settings.objective,
            "best_val_loss": history.best["val_loss"],
        }
        if self.labels is not None:
            found |= {"not_validated": list(self.labels.not_validated)} | self.labels.facts
        if self.settings.spec.compares_codes:
            found["effective_rank"] = self._effective_rank()
        return found | ({VALUES: self.rules.to_dict()} if self.rules else {})

    def write_report(self, out: Path, record: Record, history: History) -> None:
        """Draw the confusion of a classifier, else some reconstructions.

        Args:
            out: the model folder.
            record: the record, to which figures may be added.
            history: the losses of the run.
        """
        if self.labels is not None:
            record["confusion"] = self._confusion(self.labels, out).tolist()
        else:
            self._draw_examples(out)

    def model(self, history: History) -> SavedModel:
        """Return the network that is kept, with its head."""
        last = history.last
        if self.full_network is not None and last is not None:
            last = self.full_network.state_dict() | last
        classes = self.labels.classes if self.labels else None
        return SavedModel(self.full_network or self.network, last, classes)

    def _effective_rank(self) -> float:
        """How many directions the vectors of some images make use of; a collapse gives a message."""
        import torch

        from unpool.analysis.metrics.unsupervised import collapse_warning, effective_rank

        batches = self._batches(self.parts[0][:NUM_RANKED])
        self.network.eval()
        with torch.inference_mode():
            # Of features that were computed before, the first view will do.
            inputs = (x if self.precomputed_views is None else x[:, 0] for x in self.data.batches(batches))
            vectors_MD = np.concatenate([self.network.embed(x).float().cpu().numpy() for x in inputs])
        rank = effective_rank(vectors_MD)
        if warning := collapse_warning(rank, vectors_MD.shape[1]):
            self.progress.message(warning)
        return round(rank, 2)

    def _batches(self, index_N: np.ndarray) -> list[np.ndarray]:
        batch = self.settings.plan.batch
        return [index_N[start : start + batch] for start in range(0, len(index_N), batch)]

    def _shown(self) -> np.ndarray:
        """The images that results are shown on: those validated on, else those trained on."""
        trained, held = self.parts
        return held if len(held) else trained

    def _confusion(self, labels: Labels, out: Path) -> np.ndarray:
        import torch

        from unpool.objectives.classification import confusion, mean_scores
        from unpool.report.confusion import draw_confusion

        index_N = self._shown()
        self.network.eval()
        with torch.inference_mode():
            scores = [
                mean_scores(self.network, x_BCHW) for x_BCHW in self.data.batches(self._batches(index_N))
            ]
        predicted_N = torch.cat(scores).argmax(dim=1).cpu().numpy()
        table_KK = confusion(labels.class_of_image[index_N], predicted_N, len(labels.classes))
        write_bytes(out / "confusion.png", draw_confusion(table_KK, labels.classes))
        return table_KK

    def _draw_examples(self, out: Path) -> None:
        """reconstructions.png: some images, and what the network makes of them."""
        import torch

        from unpool.inference.reconstruction import as_pictures
        from unpool.report.drawing import png_bytes
        from unpool.report.grid import draw_grid

        network, index_N = self.network, self._shown()
        if not network.has_decoder:
            return
        some_M = index_N[np.linspace(0, len(index_N) - 1, min(NUM_EXAMPLES, len(index_N))).astype(int)]
        network.eval()
        with torch.inference_mode():
            x_BCHW = next(iter(self.data.batches([some_M])))
            rows = {"input": x_BCHW}
            if self._corruption is not None:
                rows["corrupted"] = self._corruption(x_BCHW, some_M, self.settings.plan.seed, 0)
            rows["output"] = network(rows.get("corrupted", x_BCHW))
        shown = {name: as_pictures(network, images) for name, images in rows.items()}
        write_bytes(out / "reconstructions.png", png_bytes(draw_grid(shown)))
