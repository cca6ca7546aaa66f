"""TensorBoard logs of a run: losses, accuracy and learning rate."""

from __future__ import annotations

from pathlib import Path

from unpool.training.history import Entry

LOGS = "tensorboard"  # in the model folder
ENDING = ".unpool"  # of the event files that a new run removes; others are left alone


class Log:
    """Logs nothing; what a run without a folder gets."""

    def step(self, step: int, loss: float, rate: float) -> None:
        """Log the running loss and the learning rate.

        Args:
            step: the step, counted from 0.
            loss: mean loss of the epoch so far.
            rate: learning rate.
        """

    def epoch(self, entry: Entry) -> None:
        """Log the losses and accuracies of an epoch."""

    def close(self) -> None:
        """Write everything to the disk."""


class TensorBoardLog(Log):
    """Scalars against the step, in TensorBoard's event files.

    A resumed run goes on in the same curves.
    """

    def __init__(self, folder: Path, first_step: int = 0) -> None:
        from torch.utils.tensorboard import SummaryWriter

        if not first_step:
            for file in folder.glob(f"events.out.tfevents.*{ENDING}"):
                file.unlink()
        self._writer = SummaryWriter(folder, purge_step=first_step or None, filename_suffix=ENDING)

    def step(self, step: int, loss: float, rate: float) -> None:
        self._write("loss/running", loss, step)
        self._write("learning_rate", rate, step)

    def epoch(self, entry: Entry) -> None:
        step = int(entry["step"] or 0)
        names = {"loss/training": "train_loss", "loss/validation": "val_loss"}
        names |= {"accuracy/training": "train_accuracy", "accuracy/validation": "val_accuracy"}
        for name, key in names.items():
            if (value := entry.get(key)) is not None:
                self._write(name, float(value), step)

    def close(self) -> None:
        self._writer.close()

    def _write(self, name: str, value: float, step: int) -> None:
        self._writer.add_scalar(name, value, step)
