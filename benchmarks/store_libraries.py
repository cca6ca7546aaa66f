"""Compare libraries that list and read an object store.

    python benchmarks/store_libraries.py FOLDER [--threads 2 16] [--runs 3]

The files of a folder are copied to a server of S3 on this machine (moto, in a process of its own), then listed, and
read in threads by each library that is installed. It says what the calls of a library cost; a server far away adds
its own time, which more threads hide.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

BUCKET = "pictures"
Library = tuple[Callable[[], list[str]], Callable[[str], int]]  # list names; read one, its bytes


def obstore_library(endpoint: str) -> Library:
    """The `object_store` crate of Apache Arrow."""
    import obstore
    from obstore.store import S3Store

    store = S3Store(BUCKET, endpoint=endpoint, region="us-east-1", client_options={"allow_http": True})
    return (
        lambda: [meta["path"] for page in obstore.list(store, chunk_size=1000) for meta in page],
        lambda name: len(bytes(obstore.get(store, name).bytes())),
    )


def pyarrow_library(endpoint: str) -> Library:
    """The file systems of Arrow's C++ side."""
    from pyarrow import fs

    system = fs.S3FileSystem(endpoint_override=endpoint, region="us-east-1")

    def names() -> list[str]:
        return [
            info.path
            for info in system.get_file_info(fs.FileSelector(BUCKET, recursive=True))
            if info.type == fs.FileType.File
        ]

    def read(name: str) -> int:
        with system.open_input_stream(name) as stream:
            return len(stream.read())

    return names, read


def s3fs_library(endpoint: str) -> Library:
    """The fsspec file system over botocore."""
    import s3fs

    system = s3fs.S3FileSystem(client_kwargs={"endpoint_url": endpoint, "region_name": "us-east-1"})

    def names() -> list[str]:
        system.invalidate_cache()
        return list(system.find(BUCKET))

    return names, lambda name: len(system.cat_file(name))


LIBRARIES = {"obstore": obstore_library, "pyarrow": pyarrow_library, "s3fs": s3fs_library}


def measure(library: Library, threads: int, runs: int) -> tuple[float, float, int]:
    """Seconds to list, seconds to read, and bytes; the medians of some runs."""
    names, read = library
    listing, reading, total = [], [], 0
    for _ in range(runs):
        start = time.perf_counter()
        found = names()
        middle = time.perf_counter()
        with ThreadPoolExecutor(threads) as pool:
            total = sum(pool.map(read, found))
        listing.append(middle - start)
        reading.append(time.perf_counter() - middle)
    return statistics.median(listing), statistics.median(reading), total


def start_server() -> tuple[subprocess.Popen[str], str]:
    """Start moto in a process of its own."""
    code = (
        "import sys, time; from moto.server import ThreadedMotoServer as S; s = S('127.0.0.1', 0, verbose=False); "
        "s.start(); print('http://%s:%d' % s.get_host_and_port(), flush=True); sys.stdin.read()"
    )
    own = {
        name: value for name, value in os.environ.items() if name != "PYTHONPATH"
    }  # a library's own versions
    server = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=own,
    )
    assert server.stdout is not None
    return server, server.stdout.readline().strip()


def put(url: str, content: bytes) -> None:
    """Write an object, or make a bucket; the server asks for no signature."""
    headers = {"Content-Type": "application/octet-stream"}
    urllib.request.urlopen(urllib.request.Request(url, content, headers, method="PUT"), timeout=10).close()


def main() -> None:
    """Print one line for each library and number of threads."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--threads", type=int, nargs="+", default=[2, 16])
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    os.environ.update(AWS_ACCESS_KEY_ID="key", AWS_SECRET_ACCESS_KEY="secret", AWS_REGION="us-east-1")
    server, endpoint = start_server()
    try:
        put(f"{endpoint}/{BUCKET}", b"")
        for file in sorted(path for path in given.folder.rglob("*") if path.is_file()):
            name = urllib.parse.quote(file.relative_to(given.folder).as_posix())
            put(f"{endpoint}/{BUCKET}/{name}", file.read_bytes())
        for name, open_library in LIBRARIES.items():
            if importlib.util.find_spec(name) is None:
                continue
            library = open_library(endpoint)
            for threads in given.threads:
                listing, reading, total = measure(library, threads, given.runs)
                files = len(library[0]())
                print(json.dumps({
                    "library": name, "threads": threads, "files": files, "megabytes": round(total / 1e6, 1),
                    "list_seconds": round(listing, 3), "files_per_second": round(files / reading, 1),
                }), flush=True)  # fmt: skip
    finally:
        assert server.stdin is not None
        server.stdin.close()
        server.wait(10)


if __name__ == "__main__":
    main()
