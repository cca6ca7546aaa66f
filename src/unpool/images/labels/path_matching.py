"""Which image of a collection a path from elsewhere names.

Paths come from other systems and folders: with backslashes, drive letters, as URLs, as names alone. Each is first
spelled in every way that surely means the same file; what then names no image is matched by rules that need it to be
the only one.
"""

from __future__ import annotations

import posixpath
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from urllib.parse import unquote

from unpool.core.text.encodings import GUESSED

AS_WRITTEN = "as written"
MAX_STRAY = 10  # lines of another folder for each that names the folder of the images
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]+://[^/]*|file:(?=/)", re.IGNORECASE)
_DRIVE = re.compile(r"[A-Za-z]:(?=/)")
# What Label Studio makes of a path: a file that it serves from its disk, and an upload with a prefix of its own.
_SERVED = re.compile(r"/local-files/\?d=([^&#]*)")
_UPLOADED = re.compile(r"(?:^|/)upload/(?:\d+/)?[0-9a-f]{8}-([^/?#]+)$")
_ENDING = re.compile(r"\.[A-Za-z0-9]{1,5}$")

_Normal = Callable[[str], str]
_Found = dict[str, tuple[str, str]]  # path -> image, rule
_Rule = Callable[[dict[str, str], _Normal, frozenset[str]], _Found]


@dataclass(frozen=True)
class Base:
    """A folder that paths may be relative to.

    `description` completes "relative to …". With `is_split` its name may be a folder of the collection, such as train,
    wherever it lies now.
    """

    folder: str
    description: str
    is_split: bool = False


@dataclass
class Matches:
    """The image of each path, and its rule.

    Args:
        image_of: The image of each path that names one.
        rule_of: The rule that found it, such as "as written" or "by turning backslashes".
    """

    image_of: dict[str, str] = field(default_factory=dict)
    rule_of: dict[str, str] = field(default_factory=dict)

    def add(self, path: str, image: str, rule: str) -> None:
        """Keep the image of a path.

        Args:
            path: From the file.
            image: Its path in the collection.
            rule: What found it.
        """
        self.image_of[path], self.rule_of[path] = image, rule


class PathMatcher:
    """Finds the images that paths name.

    Args:
        images: The paths of all images, relative to their folder, with slashes.
        places: Where that folder is, in every way it is known; empty for a named data set.
        bases: Folders that paths may be relative to.

    >>> PathMatcher(["sub/a.png"]).match(["A.PNG"]).image_of["A.PNG"]
    'sub/a.png'
    """

    def __init__(self, images: Sequence[str], places: Sequence[str] = (), bases: Sequence[Base] = ()) -> None:
        self._images = images
        self._known = frozenset(images)
        self._places = [place.replace("\\", "/").rstrip("/") for place in places]
        self._bases = bases
        self._names: frozenset[str] | None = None

    def knows(self, text: str) -> bool:
        """Whether a text looks like an image's name."""
        if self._names is None:
            self._names = frozenset(name for image in self._images for name in _loose_names(image))
        return bool(text.strip()) and not self._names.isdisjoint(_loose_names(text))

    def match(self, paths: Sequence[str]) -> Matches:
        """Find the image of each path, where there is one.

        Args:
            paths: From a file; each may be written as on another system.
        """
        matches = Matches()
        rest: dict[str, str] = {}  # path -> as it is spelled here
        for path in dict.fromkeys(paths):
            for rule, spelled in self._spellings(path):
                if spelled in self._known:
                    matches.add(path, spelled, rule)
                    break
                rest[path] = spelled
        for path in matches.image_of:
            rest.pop(path, None)
        own_only = self._names_own_folder(rest.values())
        drop_prefix = partial(self._drop_prefix, own_only=own_only, dropped=set())
        self._apply((self._whole, drop_prefix, self._by_tail, self._by_upload), rest, matches)
        self._drop_ambiguous(rest)
        self._apply((self._by_ending, partial(self._by_name, own_only=own_only)), rest, matches)
        return matches

    def _spellings(self, path: str) -> Iterator[tuple[str, str]]:
        """The path as written, then in other ways that mean the same file, each built on the one before."""
        yield AS_WRITTEN, path
        text, rule = path.strip(), "without blanks around"
        yield rule, text
        if served := _SERVED.search(text):
            text, rule = unquote(served[1]), "by the path of a served file"
            yield rule, text
        if uploaded := _UPLOADED.search(text):
            text, rule = unquote(uploaded[1]), "by the name of an upload"
            yield rule, text
        if url := _URL.match(text):
            text, rule = (
                unquote(text[url.end() :].split("?")[0].split("#")[0]).lstrip(),
                "by the path of a URL",
            )
            text = text[1:] if _DRIVE.match(text[1:]) else text
        if "\\" in text:
            text, rule = text.replace("\\", "/"), "by turning backslashes"
            yield rule, text
        if (clean := posixpath.normpath(text)) != text and text:
            text, rule = clean, rule if "backslash" in rule or "URL" in rule else "without ./"
            yield rule, text
        yield from self._below_places(text)
        yield rule, text

    def _below_places(self, text: str) -> Iterator[tuple[str, str]]:
        """What an absolute path, or one relative to another folder, is below the folder of the images."""
        candidates = [("by full paths", text)]
        if not text.startswith("/") and not _DRIVE.match(text):
            candidates = [
                (f"relative to {base.description}", posixpath.normpath(posixpath.join(base.folder, text)))
                for base in self._bases
            ]
        for rule, full in candidates:
            for place in self._places:
                if full.startswith(f"{place}/"):
                    yield rule, full[len(place) + 1 :]
        if len(candidates) == len(self._bases):
            for base in self._bases:
                if base.is_split:
                    yield (
                        f"in the folder named as that of {base.description}",
                        f"{posixpath.basename(base.folder)}/{text}",
                    )

    def _apply(self, rules: Sequence[_Rule], rest: dict[str, str], matches: Matches) -> None:
        """Match what is left by some rules, each on paths in every normal form."""
        for rule in rules:
            for level, normal in _LEVELS:
                if not rest:
                    return
                claimed = frozenset(matches.image_of.values())
                spelled = {path: normal(text) for path, text in rest.items()}
                for path, (image, name) in rule(spelled, normal, claimed).items():
                    matches.add(path, image, f"{name}, {level}" if name and level else name or level)
                    del rest[path]

    def _drop_ambiguous(self, rest: dict[str, str]) -> None:
        """Leave out paths that name several images: none of them may be found by a looser rule."""
        if rest:
            whole = ((_fold(image), image) for image in self._images)
            image_of = _unique([*whole, *_tails(self._images, _fold)])
            for path in [path for path, text in rest.items() if image_of.get(_fold(text), "") is None]:
                del rest[path]

    def _whole(self, spelled: dict[str, str], normal: _Normal, claimed: frozenset[str]) -> _Found:
        """The whole path."""
        return _name("", _lookup(spelled, _unique((normal(image), image) for image in self._images)))

    def _names_own_folder(self, texts: Iterable[str]) -> bool:
        """Whether paths name the folder of the images, and are not a few among many of another folder."""
        image_of = _unique((_fold(image), image) for image in self._images)
        counts = _count_prefixes(map(_fold, texts), image_of)
        is_own = self._own_test(_fold)
        own = max((count for prefix, count in counts.items() if is_own(prefix)), default=0)
        other = max((count for prefix, count in counts.items() if not is_own(prefix)), default=0)
        return own * MAX_STRAY >= max(1, other)

    def _own_test(self, normal: _Normal) -> Callable[[str], bool]:
        """Whether what is before a path ends with the name of the images' folder."""
        own = tuple(normal(f"/{posixpath.basename(place)}/") for place in self._places)
        return lambda prefix: f"/{prefix}".endswith(own)

    def _drop_prefix(
        self,
        spelled: dict[str, str],
        normal: _Normal,
        claimed: frozenset[str],
        *,
        own_only: bool,
        dropped: set[str],
    ) -> _Found:
        """The path without the folder before it by whose loss most paths name an image that is free.

        `dropped` holds the folders by whose loss paths were found in a stricter form, which need no second proof.
        """
        image_of = _unique((normal(image), image) for image in self._images if image not in claimed)
        is_own = self._own_test(normal)
        counts = _count_prefixes(spelled.values(), image_of)
        if own_only:
            counts = Counter({prefix: count for prefix, count in counts.items() if is_own(prefix)})
        best = max(
            counts,
            key=lambda prefix: (_fold(prefix) in dropped, counts[prefix], -len(prefix)),
            default="",
        )
        is_proven = counts[best] > 1 or own_only or _fold(best) in dropped
        if not is_proven and (claimed or len(spelled) > 1):  # may be a file that is gone
            return {}
        dropped.add(_fold(best))
        shorter = {path: text[len(best) :] for path, text in spelled.items() if text.startswith(best)}
        found = _lookup(shorter, image_of)
        if not own_only:
            others = (text for text in spelled.values() if not text.startswith(best))
            rivals = {image_of.get(tail) for text in others for _, tail in _cuts(text)}
            found = {path: image for path, image in found.items() if image not in rivals}
        return _name("without the folder before", found)

    def _by_tail(self, spelled: dict[str, str], normal: _Normal, claimed: frozenset[str]) -> _Found:
        """The end of one path of the collection: a name alone, for one."""
        found = _lookup(spelled, _unique(_tails(self._images, normal)))
        free = {path: image for path, image in found.items() if image not in claimed}
        return _name("by the end of the path", free)

    def _by_upload(self, spelled: dict[str, str], normal: _Normal, claimed: frozenset[str]) -> _Found:
        """The name of an upload, in which signs were replaced, where one image has it."""
        uploads = {path: text for path, text in spelled.items() if _UPLOADED.search(path)}
        free = (image for image in self._images if image not in claimed)
        names = (
            _unique((_name_upload(posixpath.basename(normal(image))), image) for image in free)
            if uploads
            else {}
        )
        return _name("by the name of an upload", _lookup(uploads, names))

    def _by_ending(self, spelled: dict[str, str], normal: _Normal, claimed: frozenset[str]) -> _Found:
        """Another ending, or none, where one path and one image fit, and the image is free."""
        free = [image for image in self._images if image not in claimed]
        stems = _unique((_stem(normal(image)), image) for image in free)
        tails = _unique((_stem(tail), image) for tail, image in _tails(free, normal))
        bare = {path: text for path, text in spelled.items() if not _ENDING.search(text)}
        other = {path: _stem(text) for path, text in spelled.items() if path not in bare}
        found: _Found = {}
        for name, texts in (("by adding the ending", bare), ("with another ending", other)):
            found |= _name(name, _lookup(texts, tails) | _lookup(texts, stems))
        return _one_to_one(found)

    def _by_name(
        self, spelled: dict[str, str], normal: _Normal, claimed: frozenset[str], *, own_only: bool
    ) -> _Found:
        """The name alone of an image that lies in no folder, where one path has it, and no other folder."""
        image_of = _unique(
            (normal(image), image) for image in self._images if "/" not in image and image not in claimed
        )
        is_own = self._own_test(normal)
        names = {
            path: posixpath.basename(text)
            for path, text in spelled.items()
            if not own_only or is_own(f"{posixpath.dirname(text)}/")
        }
        found = _one_to_one(_name("by the name alone", _lookup(names, image_of)))
        return found if len(found) > 1 or not claimed else {}

    def count_names(self, path: str) -> int:
        """Count the images that have the name of a path.

        Capitals do not matter."""
        name = _fold(posixpath.basename(path.strip().replace("\\", "/")))
        return sum(_fold(posixpath.basename(image)) == name for image in self._images)


def _stay(text: str) -> str:
    return text


def _compose(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _fold(text: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def _name_upload(name: str) -> str:
    """The name under which Label Studio keeps an upload.

    Source: django.utils.text.get_valid_filename
    """
    return re.sub(r"[^-\w.]", "", name.strip().replace(" ", "_"))


def _unescape(text: str) -> str:
    """Bytes of the file's encoding as names that are no UTF-8 show them, and percent signs as what they stand for."""
    if "%" in text:
        return _fold(unquote(text))
    try:
        return text.encode(GUESSED).decode("utf-8", "backslashreplace").casefold()
    except UnicodeEncodeError:
        return _fold(text)


# The forms in which paths are compared, from the strictest on.
_LEVELS: tuple[tuple[str, _Normal], ...] = (
    ("", _stay),
    ("in another Unicode form", _compose),
    ("with other capitals", _fold),
    ("in another encoding", _unescape),
)


def _unique(pairs: Iterable[tuple[str, str]]) -> dict[str, str | None]:
    """Each text with the one image that has it; None where several have."""
    found: dict[str, str | None] = {}
    for text, image in pairs:
        found[text] = image if found.get(text, image) == image else None
    return found


def _lookup(spelled: dict[str, str], image_of: dict[str, str | None]) -> dict[str, str]:
    return {path: image for path, text in spelled.items() if (image := image_of.get(text)) is not None}


def _name(rule: str, found: dict[str, str]) -> _Found:
    return {path: (image, rule) for path, image in found.items()}


def _one_to_one(found: _Found) -> _Found:
    """Only those images that one path leads to."""
    counts = Counter(image for image, _ in found.values())
    return {path: each for path, each in found.items() if counts[each[0]] == 1}


def _tails(images: Sequence[str], normal: Callable[[str], str]) -> Iterator[tuple[str, str]]:
    """Each image with every end of its path that is not the whole."""
    for image in images:
        for _, tail in _cuts(normal(image)):
            yield tail, image


def _count_prefixes(texts: Iterable[str], image_of: dict[str, str | None]) -> Counter[str]:
    """How many paths name an image without what is before."""
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(prefix for prefix, tail in _cuts(text) if image_of.get(tail) is not None)
    return counts


def _cuts(text: str) -> Iterator[tuple[str, str]]:
    """The path cut at each slash: what is before, with the slash, and what is behind."""
    for place, sign in enumerate(text):
        if sign == "/":
            yield text[: place + 1], text[place + 1 :]


def _stem(text: str) -> str:
    return _ENDING.sub("", text)


def _loose_names(text: str) -> set[str]:
    """The name at the end of a path in its loosest forms, with and without ending."""
    turned = text.strip().replace("\\", "/")
    if served := _SERVED.search(turned):
        turned = unquote(served[1])
    if uploaded := _UPLOADED.search(turned):
        turned = uploaded[1]
    names = {posixpath.basename(turned.split("?")[0]), posixpath.basename(text.strip())}
    folded = {form(name) for name in names for form in (_fold, _unescape)}
    return {each for name in folded if name for each in (name, _stem(name)) if each}


def describe_bases(label_file: Path) -> list[Base]:
    """List folders that the paths may be relative to."""
    place = label_file.resolve()
    folder = posixpath.normpath((place if place.is_dir() else place.parent).as_posix())
    return [Base(folder, "the label file", is_split=True), Base(Path.cwd().as_posix(), "the current folder")]
