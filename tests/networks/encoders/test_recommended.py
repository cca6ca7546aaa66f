"""The list of recommended encoders is complete and consistent."""

from __future__ import annotations

from unpool.networks.encoders.recommended import QUALITY_SOURCES, RECOMMENDED, find_recommended


def test_every_entry_has_its_facts() -> None:
    names = [each.name for each in RECOMMENDED]
    assert len(set(names)) == len(names)
    for each in RECOMMENDED:
        assert each.source in QUALITY_SOURCES, each.name
        assert (each.place == "package") == (not each.repository), each.name
        assert (each.place == "open_clip") == each.text == each.name.startswith("open_clip:"), each.name
        assert min(each.size, each.dimension, each.megabytes) > 0, each.name
        assert each.licence, each.name
    assert {each.source for each in RECOMMENDED} == set(QUALITY_SOURCES)


def test_an_encoder_is_found_by_its_name() -> None:
    found = find_recommended("resnet18")
    assert found is not None
    assert found.repository == "timm/resnet18.a1_in1k"
    assert find_recommended("resnet19") is None
