"""A program: an index server, or the upload server of a folder, with the limits that the command line names.

    python short_limits.py index head_seconds=1
    python -I -S short_limits.py holder FOLDER stall_seconds=1

With -I -S nothing that is installed is seen, so that it runs on plain asyncio.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any


def main(kind: str, *words: str) -> None:
    from p2pci.cli.running import ending_signals, raise_descriptor_limit, run
    from p2pci.library import Shelf
    from p2pci.server import IndexServer
    from p2pci.serving import ServingLimits
    from p2pci.upload import UploadLimits, UploadServer

    numbers: dict[str, Any] = {}
    for word in words:
        name, is_limit, value = word.partition("=")
        if is_limit:
            numbers[name] = float(value) if "." in value else int(value)
    serving = ServingLimits(**numbers)

    async def serve() -> None:
        raise_descriptor_limit()
        server: IndexServer | UploadServer
        if kind == "index":
            server = IndexServer(host="127.0.0.1", port=0, limits=serving)
        else:
            server = UploadServer(
                Shelf(Path(words[0])), host="127.0.0.1", limits=UploadLimits(serving=serving)
            )
        with ending_signals() as ending:
            async with server:
                print(f"[SERVER] Listening on port {server.port}...", flush=True)
                await ending

    run(serve())


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "src"))
    main(*sys.argv[1:])
