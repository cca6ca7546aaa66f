"""`unpool export --to cvat`: labels as tags of CVAT.

The format is "CVAT for images 1.1". A tag carries the other fields as attributes.

Source: https://docs.cvat.ai/docs/dataset_management/formats/format-cvat/
"""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from unpool.actions.sharing.annotations.image_values import AnnotatedImage, choose_file, read_image_values
from unpool.actions.sharing.formats import ExportRequest
from unpool.core.atomic_files import write_whole
from unpool.core.text.xml_files import replace_unprintable
from unpool.store.fields.kinds import to_text
from unpool.store.fields.names import LABEL

VERSION = "1.1"
SOURCE = "manual"
FILE = "annotations.xml"  # in a folder


def write_cvat_images(request: ExportRequest) -> int:
    """Write labels as tags, other fields as their attributes."""
    out = choose_file(request.out, FILE)
    fields, images = read_image_values(request)
    names = [each.name for each in fields if each.name != LABEL]
    root = Element("annotations")
    SubElement(root, "version").text = VERSION
    _write_labels(SubElement(root, "meta"), images, names)
    for number, image in enumerate(images):
        element = SubElement(
            root, "image", id=str(number), name=replace_unprintable(image.path), width=str(image.width),
            height=str(image.height),
        )  # fmt: skip
        if image.label:
            tag = SubElement(element, "tag", label=replace_unprintable(image.label), source=SOURCE)
            _write_attributes(tag, image, names)
    ElementTree.indent(root)
    content = ElementTree.tostring(root, "utf-8", xml_declaration=True)
    write_whole(out, lambda part: part.write_bytes(content + b"\n"))
    num_left_out = sum(bool(image.values) and not image.label for image in images)
    if num_left_out:
        request.progress.message(
            f"images whose fields were left out, since CVAT keeps them on a label and they have none: {num_left_out}"
        )
    return len(images)


def _write_labels(meta: Element, images: Sequence[AnnotatedImage], names: Sequence[str]) -> None:
    """The task's labels, each with the attributes that it may have."""
    task = SubElement(meta, "task")
    SubElement(task, "size").text = str(len(images))
    SubElement(task, "mode").text = "annotation"
    labels = SubElement(task, "labels")
    for name in sorted({image.label for image in images if image.label}):
        label = SubElement(labels, "label")
        SubElement(label, "name").text = replace_unprintable(name)
        SubElement(label, "type").text = "tag"
        attributes = SubElement(label, "attributes")
        for each in names:
            attribute = SubElement(attributes, "attribute")
            SubElement(attribute, "name").text = replace_unprintable(each)
            SubElement(attribute, "mutable").text = "False"
            SubElement(attribute, "input_type").text = "text"
            SubElement(attribute, "default_value")
            SubElement(attribute, "values")


def _write_attributes(tag: Element, image: AnnotatedImage, names: Sequence[str]) -> None:
    for name in names:
        if name in image.values:
            attribute = SubElement(tag, "attribute", name=replace_unprintable(name))
            attribute.text = replace_unprintable(to_text(image.values[name]))
