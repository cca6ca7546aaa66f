"""Tags of CVAT, as its documentation has them."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from support.labelled_workspace import PATHS, make_labelled_workspace, values_of
from support.messages import Messages
from unpool.actions.sharing.export import export
from unpool.actions.sharing.settings import ExportSettings
from unpool.images.labels.image_fields import read_image_fields
from unpool.store.fields.kinds import read_values


def check_follows_documentation(root: ElementTree.Element) -> None:
    """What CVAT refuses a file for.

    Source: https://docs.cvat.ai/docs/dataset_management/formats/format-cvat/
    """
    assert root.tag == "annotations"
    assert [child.tag for child in root][:2] == ["version", "meta"]
    assert root.findtext("version") == "1.1"
    images = root.findall("image")
    assert root.findtext("meta/task/size") == str(len(images))
    labels = {label.findtext("name"): label for label in root.findall("meta/task/labels/label")}
    assert all(label.findtext("type") == "tag" for label in labels.values())
    assert [image.get("id") for image in images] == [str(number) for number in range(len(images))]
    for image in images:
        assert int(image.get("width", "")) > 0
        assert int(image.get("height", "")) > 0
        for tag in image:
            assert tag.tag == "tag"
            declared = {each.text for each in labels[tag.get("label")].findall("attributes/attribute/name")}
            assert {each.get("name") for each in tag} <= declared
    for attribute in root.findall("meta/task/labels/label/attributes/attribute"):
        assert [each.tag for each in attribute] == [
            "name",
            "mutable",
            "input_type",
            "default_value",
            "values",
        ]


def test_labels_are_tags_and_fields_their_attributes(tmp_path: Path) -> None:
    table, progress = make_labelled_workspace(tmp_path), Messages()
    out = tmp_path / "tags.xml"
    assert export(table.work, ExportSettings("cvat", out), progress=progress)["images"] == 4
    check_follows_documentation(ElementTree.fromstring(out.read_bytes()))
    assert progress.texts == [
        "images whose fields were left out, since CVAT keeps them on a label and they have none: 1"
    ]


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    table = make_labelled_workspace(tmp_path)
    export(table.work, ExportSettings("cvat", tmp_path / "cvat"))
    found = read_image_fields(PATHS, tmp_path / "cvat" / "annotations.xml")
    for name, (kind, values) in values_of().items():
        labelled = {path: value for path, value in values.items() if path != PATHS[2]}
        read = read_values(list(found.values[name].values()), kind)
        assert dict(zip(found.values[name], read.values, strict=True)) == labelled
    assert found.unmatched == []


def test_signs_that_xml_cannot_hold_are_replaced(tmp_path: Path) -> None:
    table = make_labelled_workspace(tmp_path)
    table.update([PATHS[3]], {"label": ["a\x07b"]})
    export(table.work, ExportSettings("cvat", tmp_path / "tags.xml"))
    found = read_image_fields(PATHS, tmp_path / "tags.xml")
    assert found.values["label"][PATHS[3]] == "a\ufffdb"
