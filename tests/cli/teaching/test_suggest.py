"""`unpool suggest` as it is typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.kinds import make_kinds, make_workspace
from unpool.actions.curation import edit
from unpool.cli.main import main


def unpool(capsys: pytest.CaptureFixture[str], *words: object, code: int = 0) -> str:
    with pytest.raises(SystemExit) as left:
        main([str(word) for word in words])
    out, err = capsys.readouterr()
    assert left.value.code == code, err
    return out if code == 0 else err


def test_images_and_reasons_are_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    work, (unit_ND, kind_N) = tmp_path / "w.unpool", make_kinds((25, 15), spread=0.2)
    paths = make_workspace(work, unit_ND, [None] * 40)
    out = unpool(capsys, "suggest", "--work", work, "-k", 2)
    assert out.splitlines()[-1] == "0 images have a label, 40 have none"
    assert "  (typical of 25 images without a label)" in out.splitlines()[0]
    for row in range(12):
        edit.label(work, paths[row], "hat" if kind_N[row] else "shoe")
    out = unpool(capsys, "suggest", "--work", work, "-k", 2)
    assert "12 images have a label, 28 have none; of these about 1.000 (" in out
    result = json.loads(unpool(capsys, "suggest", "--work", work, "-k", 2, "--json"))
    assert [set(image) for image in result["images"]] == [{"path", "reason", "label", "probability"}] * 2
    assert "--k is 0, but must be" in unpool(capsys, "suggest", "--work", work, "-k", 0, code=2)
