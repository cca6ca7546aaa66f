"""index.html: one file that holds everything it shows and asks nobody for anything."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import math
import os
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unpool.report.items import Items, group_name, middle_image
from unpool.report.palette import group_colours, ink_on
from unpool.report.thinning import COARSEST, STEPS_PER_HALVING

MAX_BYTES = 24_000_000  # of the page, so that it can be mailed and opened on a phone
MAX_ITEMS = 120_000  # on the page at all, even as dots
MAX_PROBLEMS = 1_000
REPRESENTATIVES = 12  # of each group are shown before anything else
SCRIPTS = ("data.js", "map.js", "gestures.js", "dialog.js", "sheets.js", "main.js")

Table = tuple[str, list[str], list[list[str]]]


def build_page(
    items: Items,
    level_N: NDArray[np.int64],
    *,
    title: str,
    facts: dict[str, str | int | float | None],
    figures: list[dict[str, str]],
    tables: Sequence[Table] = (),
    problems: Sequence[tuple[str, str, str]],
    originals: str | None,
) -> str:
    """The page's text. `figures` have a title, an alternative text and an image as a data URL; `tables` a title,
    the names of their columns, and rows of text."""
    first_N = _first_served(items, level_N)
    kept = np.sort(first_N[:MAX_ITEMS])
    data = _columns(items, level_N, kept) | {
        "title": title,
        "facts": [[name, value] for name, value in facts.items()],
        "total": len(items),
        "rowStep": items.row_step,
        "groups": _groups(items, kept),
        "levels": {"coarsest": COARSEST, "perHalving": STEPS_PER_HALVING},
        "figures": figures,
        "tables": [{"title": title, "header": header, "rows": rows} for title, header, rows in tables],
        "problems": [list(problem) for problem in problems[:MAX_PROBLEMS]],
        "totalProblems": len(problems),
        "originals": originals,
    }
    data_text = as_json(data)
    new_index = {int(old): new for new, old in enumerate(kept.tolist())}
    thumbnails_text = as_json(_thumbnails(items, first_N, new_index, MAX_BYTES - len(data_text)))
    return _fill(title, data_text, thumbnails_text)


def as_json(value: Any) -> str:
    r"""JSON in ASCII, safe inside a script element whatever the strings hold; NaN and infinity become null.

    >>> as_json({"path": "</script>", "score": float("nan")})
    '{"path":"\\u003c/script\\u003e","score":null}'
    """
    text = json.dumps(_finite(value), separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def relative_url(originals: Path | None, out: Path) -> str | None:
    """The way from the page to the originals; their address only where no way leads there (another drive)."""
    if originals is None:
        return None
    try:
        way = os.path.relpath(originals.resolve(), out.resolve())
    except ValueError:
        return originals.resolve().as_uri()
    return "/".join(_quoted(part) for part in Path(way).parts)


def _quoted(part: str) -> str:
    from urllib.parse import quote

    return quote(os.fsencode(part), safe="")


def _first_served(items: Items, level_N: NDArray[np.int64]) -> NDArray[np.int64]:
    """All images in the order in which they get room: some of each group, then evenly over the map."""
    representative_N = items.rank_N < REPRESENTATIVES
    return np.lexsort((items.rank_N, np.where(representative_N, items.rank_N - REPRESENTATIVES, level_N)))


def _columns(items: Items, level_N: NDArray[np.int64], kept: NDArray[np.int64]) -> dict[str, Any]:
    def plain(name: str) -> list[object]:
        column = items.column(name)
        return [_plain(column[index]) for index in kept.tolist()]

    place_N2 = items.place_N2[kept].round(5)
    columns: dict[str, Any] = {name: plain(name) for name in ("width", "height", "probability")}
    columns |= {name: values for name in ("label", "outlier_score", "id") if _any(values := plain(name))}
    return columns | {
        "path": [items.paths[index] for index in kept.tolist()],
        "x": place_N2[:, 0].tolist(),
        "y": place_N2[:, 1].tolist(),
        "level": level_N[kept].tolist(),
    }


def _groups(items: Items, kept: NDArray[np.int64]) -> list[dict[str, Any]]:
    groups = items.groups()
    colours = group_colours(list(groups))
    new_N = np.full(len(items), -1, dtype=np.int64)
    new_N[kept] = np.arange(len(kept))
    described = []
    for group, members in groups.items():
        new = new_N[members]
        middle = middle_image(items.place_N2, members[new >= 0])
        described.append(
            {
                "number": group,
                "name": group_name(group),
                "colour": colours[group],
                "ink": ink_on(colours[group]),
                "count": len(members),
                "middle": None if middle is None else int(new_N[middle]),
                "members": new[new >= 0].tolist(),
            }
        )
    return described


def _thumbnails(
    items: Items, first_N: NDArray[np.int64], new_index: dict[int, int], room: int
) -> dict[str, str]:
    """Base64 of as many thumbnails as there is room for, by the images' place on the page."""
    inlined: dict[str, str] = {}
    for index in first_N.tolist():
        content = items.thumbnails[index]
        if content is None or index not in new_index:
            continue
        room -= 4 * math.ceil(len(content) / 3) + 16
        if room < 0:
            break
        inlined[str(new_index[index])] = base64.b64encode(content).decode()
    return inlined


def _fill(title: str, data_text: str, thumbnails_text: str) -> str:
    assets = files(__package__) / "assets"
    style = (assets / "page.css").read_text(encoding="utf-8")
    script = "\n".join((assets / name).read_text(encoding="utf-8") for name in SCRIPTS)
    parts = {
        "title": html.escape(title.encode("utf-8", "replace").decode()),
        "style": style,
        "style_hash": _hash(style),
        "script": script,
        "script_hash": _hash(script),
        "data": data_text,
        "thumbnails": thumbnails_text,
    }
    # Split once and joined, never replaced in turn: a title that reads {{data}} stays a title.
    pieces = (assets / "template.html").read_text(encoding="utf-8").split("{{")
    filled = [pieces[0]]
    for piece in pieces[1:]:
        name, rest = piece.split("}}", 1)
        filled += [parts[name], rest]
    return "".join(filled)


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _plain(value: object) -> object:
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, float):
        return float(f"{value:.4g}")
    return value if value is None or isinstance(value, bool | int | str) else str(value)


def _any(values: list[object]) -> bool:
    return any(value is not None for value in values)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _finite(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(entry) for entry in value]
    if isinstance(value, np.generic):
        return _finite(value.item())
    return None if isinstance(value, float) and not math.isfinite(value) else value
