"""XML of other programs: elements, and no document types."""

from __future__ import annotations

import pytest

from unpool.core.text.xml_files import load_xml

BOMB = """<?xml version="1.0" encoding="{0}"?><!DOCTYPE a [<!ENTITY b "cc"><!ENTITY d "&b;&b;">]><a>&d;</a>"""
FOREIGN = '<?xml version="1.0"?><!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>'


def test_encodings_are_those_that_the_file_names() -> None:
    for encoding in ("utf-8", "utf-16", "iso-8859-1"):
        text = f"<?xml version='1.0' encoding='{encoding}'?><a name='café'/>"
        assert load_xml(text.encode(encoding)).get("name") == "café"
    assert load_xml("\ufeff<a name='ü'/>".encode()).get("name") == "ü"


@pytest.mark.parametrize(
    "content", [BOMB.format("utf-8").encode(), BOMB.format("utf-16").encode("utf-16"), FOREIGN.encode()]
)
def test_document_types_are_an_error_in_every_encoding(content: bytes) -> None:
    with pytest.raises(ValueError, match="it has a document type, 'a'"):
        load_xml(content)


@pytest.mark.parametrize("content", [b"", b"<a>", b"<a></b>", b"text", b"<a/>\0"])
def test_what_is_no_xml_is_named_with_its_place(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"line|element|syntax"):
        load_xml(content)
