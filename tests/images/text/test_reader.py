"""Text in pictures is read as it stands there, and nothing is fetched for it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from unpool.errors import UnpoolError
from unpool.images.text import reader
from unpool.images.text.reader import TextReader, check_installed, find_weights


def box(left: float, top: float, right: float, bottom: float) -> list[list[float]]:
    return [[left, top], [right, top], [right, bottom], [left, bottom]]


def test_the_engine_sees_bgr_and_its_texts_come_in_order() -> None:
    seen = []

    def engine(image: np.ndarray) -> SimpleNamespace:
        seen.append(image)
        boxes = np.array([box(90, 10, 150, 30), box(10, 10, 80, 30), box(10, 50, 80, 70), box(0, 80, 9, 99)])
        return SimpleNamespace(txts=("Bread\x00", "Fresh", "daily\n", "\u200b"), boxes=boxes)

    pixels = np.full((500, 500, 3), (255, 128, 0), np.uint8)
    assert TextReader(engine)(pixels) == "Fresh Bread\ndaily"
    assert seen[0][0, 0].tolist() == [0, 128, 255]


def test_nothing_found_is_an_empty_text() -> None:
    blank = SimpleNamespace(txts=None, boxes=None)
    assert TextReader(lambda image: blank)(np.zeros((9, 9, 3), np.uint8)) == ""


def test_a_missing_library_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "find_spec", lambda name: None)
    with pytest.raises(UnpoolError, match=r'pip install "unpool\[ocr\]"'):
        check_installed()


def test_missing_weights_are_named_and_not_fetched(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(
        reader, "find_spec", lambda name: SimpleNamespace(origin=str(tmp_path / "__init__.py"))
    )
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "a_cls_b.onnx").touch()
    with pytest.raises(
        UnpoolError, match=rf"_det_.*_rec_.* are missing in {tmp_path}/models; install it anew"
    ):
        find_weights()


def test_signs_are_read_without_a_network(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("rapidocr")
    import socket

    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: pytest.fail("a network was asked for"))
    image = Image.new("RGB", (420, 160), "navy")
    ImageDraw.Draw(image).text((30, 40), "No Parking", "white", ImageFont.load_default(64))
    assert TextReader()(np.asarray(image.rotate(4, expand=True, fillcolor="navy"))) == "No Parking"
