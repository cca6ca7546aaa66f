"""Images whose truth is known, and masks of their defects."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from unpool.core.file_names import find_typed
from unpool.errors import UnpoolError
from unpool.images.labels.headings import normalise_name
from unpool.images.labels.label_file import read_field_file
from unpool.images.reading.notes import describe_left_out
from unpool.images.reading.scan import ImageFile, Problem, Scan, scan_folder

GOOD = "good"
TEST, GROUND_TRUTH = "test", "ground_truth"
MASK_ENDINGS = ("_mask", "")  # of a mask's name after the image's; the first that is there is taken
MASK_COLUMNS = ("mask", "mask_path", "mask_file")
LAYOUT = "test/good and test/KIND with images, ground_truth/KIND/NAME_mask.png with masks"


@dataclass(frozen=True)
class LabelledImage:
    """An image, its kind and its mask.

    Args:
        file: the image.
        kind: "good", or the kind of its defect.
        mask: the file whose values other than 0 are defects; None where there is none.
    """

    file: ImageFile
    kind: str
    mask: ImageFile | None = None

    @property
    def is_bad(self) -> bool:
        """Whether it is not good in truth."""
        return self.kind != GOOD


@dataclass(frozen=True)
class LabelledImages:
    """What was found, and what was left out.

    Args:
        images: good and bad ones, in the order of their paths.
        problems: images that cannot be used.
        mask_problems: masks that cannot be used.
        extra_masks: masks of no image.
        remarks: sentences on what was assumed.
    """

    images: list[LabelledImage]
    problems: list[Problem] = field(default_factory=list)
    mask_problems: list[Problem] = field(default_factory=list)
    extra_masks: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def find_labelled_images(place: Path, masks: Path | None) -> LabelledImages:
    """Find images whose truth is known.

    Args:
        place: a folder in the layout of MVTec AD, its `test` folder, or a table of path, label and, if there are
            masks, mask.
        masks: the folder of masks; None: `ground_truth` beside `test`. For a table, what its masks are relative to.

    Returns:
        The images.

    Raises:
        UnpoolError: where no image has a label, or no mask of the folder that was named belongs to one.
    """
    place = find_typed(place)
    if not place.exists():
        raise UnpoolError(f"there is no folder or table '{place}'; check the path")
    if place.is_file():
        return _read_listed(place, masks)
    test, folder = locate_folders(place, masks)
    scan = scan_folder(test)
    mask_scan = Scan([], []) if folder is None else scan_folder(folder, as_masks=True)
    by_name = {str(PurePosixPath(file.path).with_suffix("")): file for file in reversed(mask_scan.files)}
    images = [
        LabelledImage(file, _kind_of(file.path), _find_mask(file.path, by_name))
        for file in scan.files
        if "/" in file.path
    ]
    if not images:
        raise UnpoolError(
            f"{test} holds no images in folders of their kinds; expected {LAYOUT}, or a CSV of path,label"
        )
    used = {image.mask.path for image in images if image.mask is not None}
    if masks is not None and not used:
        raise UnpoolError(_describe_unmatched(masks, mask_scan, images))
    remarks = [*describe_left_out(scan.left_out), *_describe_loose(test, scan)]
    extra = [file.path for file in mask_scan.files if file.path not in used]
    return LabelledImages(images, scan.problems, mask_scan.problems, extra, remarks)


def locate_folders(place: Path, masks: Path | None) -> tuple[Path, Path | None]:
    """Find the folder of kinds and that of masks.

    Args:
        place: a folder in the layout of MVTec AD, or its `test` folder.
        masks: the folder of masks where it was named.

    Returns:
        Both; None where there are no masks.
    """
    test = place / TEST if (place / TEST).is_dir() else place
    beside = test.resolve().parent / GROUND_TRUTH
    return test, masks or (beside if beside.is_dir() else None)


def _kind_of(path: str) -> str:
    """The folder that an image lies in, the top one of several."""
    top = PurePosixPath(path).parts[0]
    return GOOD if top.casefold() == GOOD else top


def _find_mask(path: str, by_name: dict[str, ImageFile]) -> ImageFile | None:
    stem = str(PurePosixPath(path).with_suffix(""))
    return next((by_name[stem + ending] for ending in MASK_ENDINGS if stem + ending in by_name), None)


def _describe_unmatched(masks: Path, scan: Scan, images: Sequence[LabelledImage]) -> str:
    image = next((image for image in images if image.is_bad), images[0])
    expected = str(PurePosixPath(image.file.path).with_suffix("")) + "_mask.png"
    first = f"its first is {scan.files[0].path}" if scan.files else "it holds no images"
    return f"--masks {masks} has no mask of any image: {first}, expected names such as {expected} for {image.file.path}"


def _describe_loose(test: Path, scan: Scan) -> Iterator[str]:
    loose = [file.path for file in scan.files if "/" not in file.path]
    if loose:
        yield f"{len(loose)} images lie in {test} itself and not in a folder of their kind; they are left out (the first is {loose[0]})"  # noqa: E501


def _read_listed(table_file: Path, masks: Path | None) -> LabelledImages:
    folder = table_file.absolute().parent
    table = read_field_file(table_file, lambda text: _locate(folder, text).is_file())
    if not table.label:
        raise UnpoolError(f"{table_file} cannot be used for labels: {table.no_label}")
    mask_column = next((name for name in table.columns if normalise_name(name) in MASK_COLUMNS), None)
    mask_cells = table.columns[mask_column] if mask_column else [None] * len(table.paths)
    images: dict[str, LabelledImage] = {}
    num_unlabelled = num_repeated = 0
    for path, label, mask in zip(table.paths, table.columns[table.label], mask_cells, strict=True):
        name = "" if label is None else str(label).strip()
        if not name:
            num_unlabelled += 1
        elif path in images:
            num_repeated += 1
        else:
            kind = GOOD if name.casefold() == GOOD else name
            found = (
                None if mask is None else ImageFile(str(mask), _locate(masks or folder, str(mask)), 0, 0.0)
            )
            images[path] = LabelledImage(ImageFile(path, _locate(folder, path), 0, 0.0), kind, found)
    if not images:
        raise UnpoolError(
            f"{table_file} has no image with a label; expected {GOOD}, or the kind of its defect"
        )
    remarks = [text for text in (table.layout, *table.remarks) if text]
    if num_unlabelled:
        remarks.append(f"{num_unlabelled} rows of {table_file} have no label and are left out")
    if num_repeated:
        remarks.append(f"{num_repeated} rows of {table_file} repeat an image; the first row of each counts")
    return LabelledImages([images[path] for path in sorted(images)], remarks=remarks)


def _locate(folder: Path, text: str) -> Path:
    """The file that a table names: relative to its folder, or else to the current one."""
    beside = find_typed(folder / text)
    return beside if beside.exists() else find_typed(Path(text)) if Path(text).exists() else beside
