"""The length of a function's vectors, which only images say.

D numbers in a vector.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from unpool.errors import UnpoolError, UnreadableImageError
from unpool.images.reading.scan import ImageFile
from unpool.images.source import Source
from unpool.inference.model import LoadedEncoder
from unpool.networks.encoders.function_encoder import FunctionEncoder
from unpool.networks.preprocessing import Preprocessing
from unpool.training.foreign_model import change_description

NUM_TRIED = 5  # images that get a vector: one that goes wrong decides nothing


def measure_dimension(
    model: LoadedEncoder, folder: Path, source: Source, files: Sequence[ImageFile]
) -> LoadedEncoder:
    """Find the length of a function's vectors, and record it.

    Args:
        model: Whose encoder is a function.
        folder: The model folder.
        source: Where the files are read from.
        files: The images.

    Returns:
        The same model, with its dimension.

    Raises:
        UnpoolError: the function gives no vector for any image.
    """
    assert isinstance(model.encoder, FunctionEncoder)
    dimension = find_dimension(model.encoder, model.preprocessing, source, files)
    change_description(folder, dimension=dimension)
    return replace(model, dimension=dimension)


def find_dimension(
    encoder: FunctionEncoder, preprocessing: Preprocessing, source: Source, files: Sequence[ImageFile]
) -> int:
    """Find the length of a function's vectors.

    It is set in its encoder too.

    Args:
        encoder: The function.
        preprocessing: How images are prepared for it.
        source: Where the files are read from.
        files: The images.

    Returns:
        D.

    Raises:
        UnpoolError: no image can be read, or the function gives no vector for any.
    """
    lengths, reason, unreadable = list[int](), "", ""
    for file in files:
        try:
            picture = source.read(file, preprocessing.size)
        except UnreadableImageError as error:
            unreadable = unreadable or f"{file.path}: {error.detail}"
            continue
        encoder.dimension = None
        (found,) = encoder.embed_each([preprocessing.fit(picture)])
        if isinstance(found, str):
            reason = found
        else:
            lengths.append(len(found))
        if len(lengths) == NUM_TRIED:
            break
    if not lengths and not reason:
        raise UnpoolError(f"no image in {source.location} can be read ({unreadable}); name others")
    if not lengths:
        raise UnpoolError(f"{encoder.name} gives no vector for any image: {reason}; mend the function")
    encoder.dimension = Counter(lengths).most_common(1)[0][0]
    return encoder.dimension
