"""cleanvision: duplicates by hashes; dark, light and blurred images by figures of their pixels."""

from __future__ import annotations

from itertools import combinations

from cleanvision import Imagelab
from common import Answer, Request, main, relative, use_cores

FLAGS = {"dark": "is_dark_issue", "bright": "is_light_issue", "blurred": "is_blurry_issue"}


def check(request: Request, answer: Answer) -> None:
    with answer.stage("check"):
        lab = Imagelab(data_path=request["folder"], verbose=False)
        lab.find_issues(n_jobs=use_cores(), verbose=False)
    pairs: set[tuple[str, str]] = set()
    for kind in ("exact_duplicates", "near_duplicates"):
        for found in lab.info[kind]["sets"]:
            pairs |= set(combinations(sorted(relative(found, request["folder"])), 2))
    answer.fields["duplicates"] = sorted(pairs)
    for kind, column in FLAGS.items():
        answer.fields[kind] = relative(list(lab.issues.index[lab.issues[column]]), request["folder"])


if __name__ == "__main__":
    main({"check": check})
