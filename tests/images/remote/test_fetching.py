from __future__ import annotations

from pathlib import Path

from unpool.images.reading.scan import ImageFile
from unpool.images.remote.fetching import IN_PLACE, Fetchers


def test_a_file_here_is_read_where_it_lies() -> None:
    file = ImageFile("a.png", Path("/photos/a.png"), 1, 0.0)
    with IN_PLACE.fetch(file) as path, IN_PLACE.fetch_head(file) as head:
        assert path == head == file.file


def test_files_of_several_sources() -> None:
    one, other = (ImageFile("a.png", Path(folder, "a.png"), 1, 0.0) for folder in ("/one", "/other"))
    both = Fetchers([(one, IN_PLACE), (other, IN_PLACE)])
    with both.fetch(other) as path, both.fetch_head(one) as head:
        assert (path, head) == (other.file, one.file)
    assert (both.files, both.num_fetchers, Fetchers([]).num_fetchers) == ([one, other], 1, 1)
