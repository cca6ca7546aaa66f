"""The record of `segment predict`: which outputs exist, and of what."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from unpool.actions.outputs.record import (
    FIRST_COMMAND,
    OutputRecord,
    Request,
    check_overwrites,
    without_facts,
)
from unpool.actions.segmentation.output_files import PROBABILITIES, OutputPaths
from unpool.images.reading.scan import ImageFile

EXAMPLE = "labels"  # a folder that errors propose


class PredictionRecord(OutputRecord):
    """The record of label maps.

    Args:
        out: the output folder.
    """

    def __init__(self, out: Path) -> None:
        super().__init__(out, FIRST_COMMAND)

    def is_done(self, request: Request, image: Path) -> bool:
        """Whether the files of a request exist.

        They must be of the image as it is now.

        Args:
            request: what is computed.
            image: the file; where the file system has other facts of it than before, its bytes are compared.
        """
        before, wider = self.find(request, image), {**request, "probabilities": True}
        if before is None or without_facts(before) not in map(without_facts, (request, wider)):
            return False
        return self.has_files(request["path"], "" if request["probabilities"] else PROBABILITIES)

    def begin_image(self, path: str, paths: OutputPaths, is_large: bool) -> None:
        """Note which files of an image will be written.

        Files that only an older run wrote are removed.

        Args:
            path: the image's key.
            paths: its files.
            is_large: whether the label map is a TIFF.
        """
        self.begin(path, paths.files(is_large), paths.all_paths())


def check_labels_are_free(
    files: Sequence[ImageFile],
    paths: Mapping[str, OutputPaths],
    record: PredictionRecord,
    is_large: Callable[[ImageFile], bool],
) -> None:
    """Check that no output replaces a file of the user.

    Args:
        files: the images.
        paths: the outputs of each.
        record: which outputs are of unpool.
        is_large: whether an image's label map is a TIFF.

    Raises:
        UsageError: where one would.
    """

    def is_written(file: ImageFile, target: Path) -> bool:
        return target in paths[file.path].files(is_large(file))

    targets = {path: each.all_paths() for path, each in paths.items()}
    check_overwrites(files, targets, record, is_written, EXAMPLE)
