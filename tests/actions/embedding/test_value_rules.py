"""A workspace scales all its deep images by one rule, which it keeps.

The encoder is replaced by the mean colour.
"""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from PIL import Image

import unpool.actions.curation.search as search_module
import unpool.actions.embedding.passes.embedding_pass as pass_module
from support.deep_files import GREY, SHOWN, spread, write_png16
from support.messages import Messages
from unpool.actions.curation.search import search
from unpool.actions.embedding import value_rules
from unpool.actions.embedding.embed import embed
from unpool.actions.embedding.settings import EmbedSettings
from unpool.actions.embedding.value_rules import CHANGED, ValueRequest
from unpool.core.progress import Progress
from unpool.errors import UsageError
from unpool.images.reading.scan import ImageFile
from unpool.images.value_survey import ValueSurvey, survey_values
from unpool.images.values.rules import ValueRules
from unpool.inference.model import LoadedEncoder
from unpool.networks.catalogue import build_network
from unpool.networks.preprocessing import Preprocessing
from unpool.store.origin import rules_of, source_of
from unpool.store.table import ImageTable
from unpool.training.model_file import describe_model, model_id, save_model


@pytest.fixture(autouse=True)
def _encode_by_mean_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    def encode(pixels_BHWC: np.ndarray) -> np.ndarray:
        vectors_BD: np.ndarray = pixels_BHWC.mean((1, 2), dtype=np.float32)
        return vectors_BD

    def load(folder: Path, device: str, progress: Progress) -> LoadedEncoder:
        preprocessing = Preprocessing.from_dict(describe_model(folder)["preprocessing"])
        return LoadedEncoder(encode, preprocessing, model_id(folder), preprocessing.channels)

    monkeypatch.setattr(pass_module, "load_encoder", load)
    monkeypatch.setattr(search_module, "load_encoder", load)


@pytest.fixture
def model(tmp_path: Path) -> str:
    network = build_network("conv", size=8, channels=3, width=4, decoder="none", seed=0)
    save_model(tmp_path / "model", network)
    return str(tmp_path / "model")


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """Two frames of one camera, the second a little brighter."""
    folder = tmp_path / "images"
    folder.mkdir()
    for name, top in (("a.png", 1000), ("b.png", 1100)):
        save_frame(folder / name, top)
    return folder


@pytest.fixture
def work(tmp_path: Path) -> Path:
    return tmp_path / "w.unpool"


def save_frame(file: Path, top: int) -> None:
    values = np.full((24, 32), 300, np.uint16)
    values[6:18, 8:24] = top
    write_png16(file, values)


def levels(work: Path) -> dict[str, tuple[int, int]]:
    """Ground and brightest pixel of each thumbnail."""
    rows = ImageTable(work).arrow(["path", "thumbnail"], where="status = 'ok'").to_pylist()
    pixels = {row["path"]: np.asarray(Image.open(io.BytesIO(row["thumbnail"])).convert("L")) for row in rows}
    return {path: (int(each[0, 0]), int(each.max())) for path, each in pixels.items()}


def test_frames_share_a_range_that_later_ones_get_too(images: Path, model: str, work: Path) -> None:
    messages = Messages()
    embed(str(images), EmbedSettings(model), work=work, progress=messages)
    assert levels(work) == {"a.png": (19, 62), "b.png": (19, 68)}  # of 4095
    sentence = next(text for text in messages.texts if "more than 8 bits" in text)
    assert "PNG uint16 grey read as 0 to 4095 (found in 2 of 2 images)" in sentence
    reading = json.loads((work / "report" / "reading.json").read_text("utf-8"))
    assert reading["collection"]["range"]["assumed"] == {"PNG uint16 grey": [[0, 4095]]}

    save_frame(images / "c.png", 60_000)  # would have made the others black
    messages = Messages()
    embed(str(images), EmbedSettings(model), work=work, progress=messages)
    assert levels(work) == {"a.png": (19, 62), "b.png": (19, 68), "c.png": (19, 255)}
    assert any("1 with values beyond the collection's range" in text for text in messages.texts)
    assert not any("more than 8 bits" in text for text in messages.texts)  # said once

    embed(str(images), EmbedSettings(model, range="auto"), work=work)
    assert levels(work) == {"a.png": (1, 4), "b.png": (1, 4), "c.png": (1, 233)}  # of 65535, all of them
    assert (
        embed(str(images), EmbedSettings(model, range="auto"), work=work)["embedded"] == 0
    )  # the same again


def test_a_search_and_the_page_read_as_the_workspace_does(
    images: Path, model: str, work: Path, tmp_path: Path
) -> None:
    save_frame(images / "c.png", 60_000)
    embed(str(images), EmbedSettings(model), work=work)
    save_frame(tmp_path / "query.png", 1000)
    result = search(tmp_path / "query.png", work=work)
    assert result["results"][0]["distance"] == pytest.approx(0, abs=1e-6)
    assert source_of(work).rules == rules_of(work) == ValueRules(assumed={"PNG uint16 grey": [(0, 65535)]})


def test_the_user_sets_range_and_no_data_and_takes_them_back(images: Path, model: str, work: Path) -> None:
    embed(str(images), EmbedSettings(model, range="0,2000", nodata="300"), work=work)
    assert levels(work) == {"a.png": (0, 128), "b.png": (0, 140)}
    assert embed(str(images), EmbedSettings(model), work=work)["embedded"] == 0  # kept
    assert rules_of(work).range == (0, 2000)
    messages = Messages()
    again = embed(
        str(images), EmbedSettings(model, range="auto", nodata="auto"), work=work, progress=messages
    )
    assert again["embedded"] == 2
    assert CHANGED in messages.texts
    assert levels(work) == {"a.png": (19, 62), "b.png": (19, 68)}


def test_kinds_that_come_later_get_a_range(images: Path, model: str, work: Path) -> None:
    embed(str(images), EmbedSettings(model), work=work)
    write_png16(images / "d.png", spread(SHOWN, 12))
    embed(str(images), EmbedSettings(model), work=work)
    assert rules_of(work).assumed == {"PNG uint16 grey": [(0, 4095)], "PNG uint16 colour": [(0, 4095)]}


def test_images_that_are_embedded_are_not_looked_at_again(
    images: Path, model: str, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at: list[list[str]] = []

    def survey(files: Sequence[ImageFile], *more: Any) -> ValueSurvey:
        looked_at.append([file.path for file in files])
        return survey_values(files, *more)

    monkeypatch.setattr(value_rules, "survey_values", survey)
    embed(str(images), EmbedSettings(model), work=work)
    save_frame(images / "c.png", 1200)
    embed(str(images), EmbedSettings(model), work=work)
    embed(str(images), EmbedSettings(model, range="auto"), work=work)
    assert looked_at == [["a.png", "b.png"], ["c.png"], ["a.png", "b.png", "c.png"]]


def test_ordinary_images_need_no_rule(model: str, work: Path, tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    Image.fromarray(GREY).save(tmp_path / "images" / "a.png")
    messages = Messages()
    embed(str(tmp_path / "images"), EmbedSettings(model), work=work, progress=messages)
    assert not rules_of(work)
    assert not any("8 bits" in text for text in messages.texts)


def test_values_are_refused_before_anything_is_read(images: Path, model: str, work: Path) -> None:
    with pytest.raises(UsageError, match="--range is '9'"):
        embed(str(images), EmbedSettings(model, range="9"), work=work)
    with pytest.raises(UsageError, match="--nodata is 'none of them'"):
        embed(str(images), EmbedSettings(model, nodata="none of them"), work=work)
    assert not (work / "model").exists()


def test_images_that_an_older_version_scaled_are_embedded_again(images: Path, model: str, work: Path) -> None:
    embed(str(images), EmbedSettings(model), work=work)
    state = yaml.safe_load((work / "unpool.yaml").read_text("utf-8"))
    del state["values"]
    (work / "unpool.yaml").write_text(yaml.safe_dump(state), "utf-8")
    messages = Messages()
    assert embed(str(images), EmbedSettings(model), work=work, progress=messages)["embedded"] == 2
    assert CHANGED in messages.texts


def test_a_request_drops_what_was_found_under_other_rules() -> None:
    rules = ValueRules(assumed={"PNG uint16 grey": [(0.0, 4095.0)]})
    assert ValueRequest().apply(rules) is rules
    assert ValueRequest(range="auto").apply(rules) == ValueRules()
    assert ValueRequest(nodata="-1").apply(rules) == ValueRules(nodata=(-1.0,))


def test_ranges_that_a_request_finds_where_none_were_count_as_a_change() -> None:
    before, after = ValueRules(), ValueRules(assumed={"16-bit grey": [(0.0, 4095.0)]})
    assert value_rules._differ(before, after, is_requested=True)
    assert not value_rules._differ(before, after, is_requested=False)  # new images alone
    assert value_rules._differ(after, before, is_requested=False)
