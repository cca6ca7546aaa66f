"""Messages come back as they were sent, and nonsense is noticed."""

import io

import pytest

from unpool.images.isolation.messages import EndedError, receive, send


def test_messages_come_back() -> None:
    stream = io.BytesIO()
    send(stream, {"file": "caf\udce9", "n": [1, None]}, b"pixels")
    send(stream, {})
    stream.seek(0)
    assert receive(stream) == ({"file": "caf\udce9", "n": [1, None], "bytes": 6}, b"pixels")
    assert receive(stream) == ({"bytes": 0}, b"")
    with pytest.raises(EndedError):
        receive(stream)


@pytest.mark.parametrize(
    "content",
    [b"", b"\0\0\0\x05{}", b"\xff\xff\xff\xff", b"\0\0\0\x02[]", b"\0\0\0\x0b{\"bytes\":-1}"[:15],
     b"\0\0\0\x0c{\"bytes\": 9}1"],
)  # fmt: skip
def test_nonsense_is_an_end(content: bytes) -> None:
    with pytest.raises(EndedError):
        receive(io.BytesIO(content))
