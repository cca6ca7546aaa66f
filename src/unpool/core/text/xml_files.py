"""XML that other programs write, without document types."""

from __future__ import annotations

import re
from typing import NoReturn
from xml.etree import ElementTree
from xml.sax.saxutils import quoteattr

# Signs that XML 1.0 cannot hold, not even as numbers.
_UNPRINTABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class _Builder(ElementTree.TreeBuilder):
    """Builds elements; a document type, which could name other files or grow without bound, is an error."""

    def doctype(self, name: str, pubid: str | None, system: str | None) -> NoReturn:
        """Raise `ValueError`: no format that is read has one."""
        raise ValueError(f"it has a document type, {name!r}; remove its <!DOCTYPE …>")


def load_xml(content: bytes) -> ElementTree.Element:
    """Load XML; the result is its outermost element.

    Args:
        content: A file, in the encoding that it names itself.

    Raises:
        ValueError: It is no XML, or has a document type; one line that names the place.

    >>> load_xml(b"<a><b c='1'/></a>")[0].get("c")
    '1'
    """
    try:
        return ElementTree.fromstring(content, ElementTree.XMLParser(target=_Builder()))
    except (ElementTree.ParseError, LookupError) as error:  # LookupError: an encoding that nobody knows
        raise ValueError(str(error)) from None


def replace_unprintable(text: str) -> str:
    """Replace what XML cannot hold.

    >>> replace_unprintable("a\\x00b\\tc")
    'a\\ufffdb\\tc'
    """
    return _UNPRINTABLE.sub("\ufffd", text)


def quote_value(text: str) -> str:
    """Write the value of an attribute, in quotes.

    >>> quote_value("<a&b\\x00>")
    '"&lt;a&amp;b\ufffd&gt;"'
    """
    return quoteattr(replace_unprintable(text))
