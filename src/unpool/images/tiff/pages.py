"""Choose the page of a TIFF that is the picture."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from unpool.errors import UnreadableImageError
from unpool.images.tiff.camera_raw import MAX_PAGES, walk_pages

if TYPE_CHECKING:
    import tifffile

SUBFILE_TYPE, OLD_SUBFILE_TYPE = 254, 255
REDUCED, TRANSPARENCY_MASK = 1, 4  # bits of the subfile type
OLD_REDUCED = 2  # the value of the old one
# What slide scanners write beside the slide, without marking it otherwise.
_COMPANION = re.compile(
    r"\s*(label|macro|thumbnail|overview|probability|map)([ _]?image)?\s*$", re.IGNORECASE
)
_SIZES = re.compile(r'Size([CZT])="(\d+)"')
_IMAGEJ_SIZES = re.compile(r"^(images|channels|slices|frames)=(\d+)", re.MULTILINE)
_NAMES = {"C": "channels", "Z": "slices", "T": "frames"}


@dataclass(frozen=True)
class Pages:
    """The pages that are pictures of their own.

    `full` are those among the first `MAX_PAGES`, in their order, without reduced copies, masks and the companions of
    slides; `chain` are all pages, of which `num_full` count. `text` says what they are, where the file does.
    """

    chain: tifffile.TiffPages
    full: list[tifffile.TiffPage]
    num_full: int
    text: str

    def sample(self, num_pages: int) -> list[tifffile.TiffPage]:
        """Return others like the first page, evenly from all."""
        first, last = self.full[0], len(self.chain) - 1
        if self.num_full == 1:
            return []
        indices = {round(step * last / (num_pages - 1)) for step in range(num_pages)} - {first.index}
        pages = [self.chain[index] for index in sorted(indices)]
        return [page for page in pages if not is_companion(page) and _form(page) == _form(first)]

    def describe(self, page: tifffile.TiffPage) -> str | None:
        """Say which page of how many was read.

        None where it is the only one.
        """
        count = max(self.num_full, self._num_planes())
        if count == 1:
            is_first = page.treeindex == (0,)
            return None if is_first else "the first page is a reduced copy or a companion"
        before = sum(each.index < page.index for each in self.full)
        number = before + 1 if page.index < MAX_PAGES else page.index + 1 - (MAX_PAGES - len(self.full))
        return f"page {number} of {count}{self.text and f' ({self.text})'}"

    def _num_planes(self) -> int:
        """Number of planes that ImageJ says; it writes one page for many where a file is large."""
        found = re.match(r"(\d+) images", self.text)
        return int(found[1]) if found else 1


def _form(page: tifffile.TiffPage) -> tuple[object, ...]:
    return page.shape, page.dtype, page.photometric


def list_pages(tiff: tifffile.TiffFile) -> Pages:
    """List the pages that may be shown.

    Raises:
        UnreadableImageError: `truncated` where the file ends before them.
    """
    chain = [page for page in _first(tiff) if page.imagewidth and page.imagelength]
    if not chain:  # the list of pages lies at the end of most files
        raise UnreadableImageError("truncated", "the file ends before its list of pages")
    full = [page for page in chain if not is_companion(page)]
    num_full = len(full) + max(0, len(tiff.pages) - MAX_PAGES)
    if not full:  # some writers put the picture inside the page of its thumbnail
        inner = (page for page in walk_pages(tiff.pages) if page.imagewidth and not is_companion(page))
        full = [next(inner, chain[0])]
        num_full = 1
    return Pages(tiff.pages, full, num_full, _describe_planes(chain[0].description))


def _first(tiff: tifffile.TiffFile) -> list[tifffile.TiffPage]:
    return [tiff.pages[index] for index in range(min(MAX_PAGES, len(tiff.pages)))]


def is_companion(page: tifffile.TiffPage) -> bool:
    """Return whether a page accompanies another one.

    It is a reduced copy, a mask, or the photograph of a slide's label.
    """
    kind = page.tags.valueof(SUBFILE_TYPE, 0)
    if isinstance(kind, int) and kind & (REDUCED | TRANSPARENCY_MASK):
        return True
    if SUBFILE_TYPE not in page.tags and page.tags.valueof(OLD_SUBFILE_TYPE, 1) == OLD_REDUCED:
        return True
    return bool(_COMPANION.match(page.description))


def _describe_planes(description: str) -> str:
    """The channels, slices and frames that OME-TIFF and ImageJ name, in words."""
    if description.startswith("ImageJ="):
        sizes = {name: int(count) for name, count in _IMAGEJ_SIZES.findall(description)}
    else:
        sizes = {_NAMES[axis]: int(count) for axis, count in reversed(_SIZES.findall(description[:100_000]))}
    return ", ".join(f"{count} {name}" for name, count in sizes.items() if count > 1)
