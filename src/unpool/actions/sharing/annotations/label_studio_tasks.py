"""`unpool export --to labelstudio`: tasks for Label Studio, with its labelling interface.

Source: https://labelstud.io/guide/task_format and https://labelstud.io/guide/predictions
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import quote
from xml.etree import ElementTree

from unpool.actions.sharing.annotations.image_values import (
    AnnotatedImage,
    Plain,
    choose_file,
    read_image_values,
)
from unpool.actions.sharing.formats import ExportRequest
from unpool.core.atomic_files import write_text
from unpool.core.objects.address import is_address
from unpool.core.text.xml_files import replace_unprintable
from unpool.errors import UnpoolError
from unpool.images.remote.fetching import InPlace
from unpool.store.fields.kinds import Kind
from unpool.store.fields.names import LABEL, Field
from unpool.store.origin import source_of

SERVED = "/data/local-files/?d="  # where Label Studio serves files of its disk
IMAGE = "image"
MODEL = "unpool"
VIEW_START = b"<View"
TASKS, INTERFACE = "tasks.json", "interface.xml"  # in a folder; beside FILE.json it is FILE.xml
# Control of the labelling interface, type of its results and key of their value, by the kind of a field.
CONTROLS: Mapping[Kind, tuple[str, str, str]] = {
    "choice": ("Choices", "choices", "choices"),
    "tags": ("Choices", "choices", "choices"),
    "number": ("Number", "number", "number"),
    "date": ("DateTime", "datetime", "datetime"),
    "text": ("TextArea", "textarea", "text"),
}
Task = dict[str, object]


def write_tasks(request: ExportRequest) -> int:
    """Write tasks as JSON, and the interface beside them.

    Labels and fields are annotations, suggestions predictions.
    """
    out = choose_file(request.out, TASKS, INTERFACE)
    interface = out.with_suffix(".xml") if out == request.out else out.with_name(INTERFACE)
    _check_interface(interface)
    fields, images = read_image_values(request)
    source = source_of(request.table.work)
    address = f"{source.location.rstrip('/')}/" if is_address(source.location) else ""
    folder = "" if address else Path(source.location).name
    tasks = [_write_task(number, image, fields, address, folder) for number, image in enumerate(images, 1)]
    write_text(out, json.dumps(tasks, indent=1, ensure_ascii=False) + "\n")
    write_text(interface, write_interface(fields, images))
    request.progress.message(f"{interface} holds the labelling interface, for the project's settings")
    if isinstance(source, InPlace):
        request.progress.message(
            f"Label Studio shows the images where LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT is the folder above {folder}"
        )
    return len(images)


def _check_interface(interface: Path) -> None:
    """Raise `UnpoolError` where an XML of another kind, such as labels for CVAT, would be lost."""
    if interface.is_file() and not interface.read_bytes().lstrip().startswith(VIEW_START):
        raise UnpoolError(
            f"{interface}, where the labelling interface would be written, is a file of another kind; name another "
            "file with --out"
        )


def write_interface(fields: Sequence[Field], images: Sequence[AnnotatedImage]) -> str:
    """Write the labelling interface for some fields.

    Args:
        fields: Each becomes a control.
        images: Their values are the choices.
    """
    view = ElementTree.Element("View")
    ElementTree.SubElement(view, "Image", name=IMAGE, value=f"${IMAGE}")
    for each in fields:
        tag = CONTROLS[each.kind][0]
        control = ElementTree.SubElement(view, tag, name=name_control(each), toName=IMAGE)
        if each.kind == "date" and not any(" " in str(image.values.get(each.name, "")) for image in images):
            control.set("only", "date")
        if tag == "Choices":
            control.set("choice", "multiple" if each.kind == "tags" else "single")
            for value in _list_choices(each, images):
                ElementTree.SubElement(control, "Choice", value=replace_unprintable(value))
    ElementTree.indent(view)
    return ElementTree.tostring(view, "unicode") + "\n"


def name_control(field: Field) -> str:
    """Name the control of a field.

    The name of the image's own control is taken.
    """
    return f"{field.name} (field)" if field.name == IMAGE else field.name


def _list_choices(field: Field, images: Sequence[AnnotatedImage]) -> list[str]:
    """The values of a field, and suggested labels, by name."""
    found: set[str] = set()
    for image in images:
        value = image.values.get(field.name)
        found.update(value if isinstance(value, list) else [] if value is None else [str(value)])
        if field.name == LABEL and image.suggestion:
            found.add(image.suggestion)
    return sorted(found)


def _write_task(
    number: int, image: AnnotatedImage, fields: Sequence[Field], address: str, folder: str
) -> Task:
    url = f"{address}{image.path}" if address else f"{SERVED}{quote(f'{folder}/{image.path}')}"
    task: Task = {"id": number, "data": {IMAGE: url}}
    results = list(_write_results(number, image, fields))
    if results:
        task["annotations"] = [{"result": results}]
    if image.suggestion:
        label = _write_result(f"{number}-suggestion", Field(LABEL, "choice"), image.suggestion)
        task["predictions"] = [
            {"model_version": MODEL, "score": round(image.confidence, 4), "result": [label]}
        ]
    return task


def _write_results(number: int, image: AnnotatedImage, fields: Sequence[Field]) -> Iterator[Task]:
    for place, each in enumerate(fields, 1):
        if each.name in image.values:
            yield _write_result(f"{number}-{place}", each, image.values[each.name])


def _write_result(name: str, field: Field, value: Plain) -> Task:
    _, kind, key = CONTROLS[field.kind]
    if field.kind == "date":
        value = str(value).replace(" ", "T")
    is_list = kind in ("choices", "textarea") and not isinstance(value, list)
    return {
        "id": name, "from_name": name_control(field), "to_name": IMAGE, "type": kind,
        "value": {key: [value] if is_list else value},
    }  # fmt: skip
