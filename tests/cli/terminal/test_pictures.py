"""Pictures are read back from the codes of each terminal."""

from __future__ import annotations

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from unpool.cli.terminal.pictures import (
    GAP,
    PROTOCOLS,
    SIDE,
    draw_strip,
    encode_picture,
    find_protocol,
    terminal_protocol,
)


@pytest.fixture
def picture() -> Image.Image:
    """Four colours, so that sixels keep them all."""
    pixels = np.zeros((20, 31, 3), np.uint8)
    pixels[:7, :, 0], pixels[7:, 10:20, 1], pixels[15:, 20:] = 255, 255, 255
    return Image.fromarray(pixels)


def read_kitty(codes: str) -> Image.Image:
    parts = re.findall("\x1b_G([^;]*);([^\x1b]*)\x1b\\\\", codes)
    assert [("m=0" in head) for head, _ in parts] == [False] * (len(parts) - 1) + [True]
    assert all(len(text) <= 4096 for _, text in parts)
    return Image.open(io.BytesIO(base64.b64decode("".join(text for _, text in parts))))


def read_iterm(codes: str) -> Image.Image:
    found = re.fullmatch("\x1b]1337;File=inline=1;size=(\\d+);[^:]*:([^\x07]*)\x07", codes)
    assert found is not None
    content = base64.b64decode(found[2])
    assert len(content) == int(found[1])
    return Image.open(io.BytesIO(content))


def read_sixel(codes: str) -> Image.Image:
    found = re.fullmatch('\x1bPq"1;1;(\\d+);(\\d+)(.*)\x1b\\\\', codes, re.DOTALL)
    assert found is not None
    width, height = int(found[1]), int(found[2])
    pixels = np.zeros((height + 6, width, 3), np.uint8)
    palette: dict[int, list[int]] = {}
    top = left = colour = 0
    for token in re.finditer(r"#(\d+)(?:;2;(\d+);(\d+);(\d+))?|!(\d+)([?-~])|([?-~])|(\$)|(-)", found[3]):
        if token[1]:
            colour = int(token[1])
            if token[2]:
                palette[colour] = [round(int(share) * 255 / 100) for share in token.group(2, 3, 4)]
        elif token[8] or token[9]:
            left, top = 0, top + (6 if token[9] else 0)
        else:
            length, bits = int(token[5] or 1), ord(token[6] or token[7]) - 63
            for row in range(6):
                if bits >> row & 1:
                    pixels[top + row, left : left + length] = palette[colour]
            left += length
    return Image.fromarray(pixels[:height])


@pytest.mark.parametrize(
    ("protocol", "read"), [("kitty", read_kitty), ("iterm", read_iterm), ("sixel", read_sixel)]
)
def test_the_picture_comes_back(picture: Image.Image, protocol, read) -> None:
    assert protocol in PROTOCOLS
    found = read(encode_picture(picture, protocol)).convert("RGB")
    np.testing.assert_array_equal(np.asarray(found), np.asarray(picture))


def test_a_large_picture_is_sent_in_parts() -> None:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (90, 90, 3), dtype=np.uint8))
    np.testing.assert_array_equal(np.asarray(read_kitty(encode_picture(noise, "kitty"))), np.asarray(noise))


@pytest.mark.parametrize(
    ("environment", "protocol"),
    [
        ({"TERM": "xterm-kitty"}, "kitty"),
        ({"TERM": "xterm-256color", "KITTY_WINDOW_ID": "1"}, "kitty"),
        ({"TERM": "xterm-ghostty"}, "kitty"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}, "iterm"),
        ({"TERM": "xterm-256color", "LC_TERMINAL": "iTerm2"}, "iterm"),
        ({"TERM": "foot"}, "sixel"),
        ({"TERM": "xterm-256color"}, "none"),
        ({"TERM": "tmux-256color", "KITTY_WINDOW_ID": "1"}, "none"),
        ({"TERM": "xterm-kitty", "TMUX": "/tmp/x"}, "none"),
        ({}, "none"),
    ],
)
def test_terminals_are_known_by_what_they_say(environment: dict[str, str], protocol: str) -> None:
    assert find_protocol(environment) == protocol


def test_a_pipe_gets_no_pictures(monkeypatch: pytest.MonkeyPatch, picture: Image.Image) -> None:
    monkeypatch.setenv("TERM", "xterm-kitty")
    monkeypatch.delenv("TMUX", raising=False)
    assert terminal_protocol() == "none"  # pytest's output is no terminal
    assert encode_picture(picture, "none") == ""


def test_a_strip_has_a_cell_for_each_picture_and_leaves_out_none() -> None:
    white = Image.new("L", (40, 80), 255)
    strip = draw_strip([white, None, white], max_width=2 * SIDE + GAP)
    assert strip.size == (2 * SIDE + GAP, 2 * SIDE + GAP)
    pixels = np.asarray(strip).max(axis=2)
    assert pixels[:SIDE, SIDE + GAP :].max() == 0
    assert pixels[:SIDE, :SIDE].max() == pixels[SIDE + GAP :, :SIDE].max() == 255
