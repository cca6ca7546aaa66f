"""Compare embedding from a disk with embedding from an object store.

    python benchmarks/store_speed.py FOLDER [--images 400]

Some images of a folder are copied to a server of S3 on this machine (moto), then embedded from the disk and from the
server, into a workspace on the disk and on the server. The server takes part of the cores, which a real one does not.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.parse
from pathlib import Path

from store_libraries import BUCKET, put, start_server


def embed(source: str, work: str) -> dict[str, float]:
    """Embed by the command line; its JSON."""
    words = ["embed", source, "--model", "efficientnet-lite0", "--work", work, "--json"]
    done = subprocess.run([sys.executable, "-m", "unpool", *words], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr)
    result: dict[str, float] = json.loads(done.stdout)
    return result


def main() -> None:
    """Print a line for each place of images and workspace."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--images", type=int, default=400)
    given = parser.parse_args()
    files = sorted(path for path in given.folder.rglob("*") if path.is_file())
    files = files[:: max(1, len(files) // given.images)][: given.images]
    server, endpoint = start_server()
    os.environ.update(AWS_ENDPOINT_URL=endpoint, AWS_ACCESS_KEY_ID="key", AWS_SECRET_ACCESS_KEY="secret")
    try:
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place, "photos")
            folder.mkdir()
            put(f"{endpoint}/{BUCKET}", b"")
            for file in files:
                shutil.copy(file, folder)
                put(f"{endpoint}/{BUCKET}/photos/{urllib.parse.quote(file.name)}", file.read_bytes())
            there = f"s3://{BUCKET}/photos"
            for number, (source, work) in enumerate(
                [
                    (str(folder), place),
                    (there, place),
                    (there, f"s3://{BUCKET}"),
                    (str(folder), f"s3://{BUCKET}"),
                ]
            ):
                result = embed(source, f"{work}/{number}.unpool")
                kept = {name: result[name] for name in ("images", "images_per_second", "seconds")}
                print(json.dumps({"images in": source[:5], "workspace on": work[:5], **kept}), flush=True)
    finally:
        assert server.stdin is not None
        server.stdin.close()
        server.wait(10)


if __name__ == "__main__":
    main()
