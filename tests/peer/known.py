"""What an index server of ours knows, asked as a stranger would, and waited for."""

from __future__ import annotations

import asyncio
import hashlib

from p2pci import IndexClient, IndexServer
from p2pci.protocol.extensions import Copy, Options
from tests.upload.loops import WAIT_SECONDS, eventually


def copy_of(text: bytes) -> Copy:
    return Copy(len(text), hashlib.sha256(text).digest())


class Known:
    """The records of an index server that runs in this loop."""

    def __init__(self, server: IndexServer) -> None:
        self._server = server

    async def titles(self) -> dict[int, str]:
        async with IndexClient("127.0.0.1", self._server.port) as asker:
            return {record.number: record.title for record in (await asker.list_all()).records}

    async def copies(self) -> dict[int, Copy | None]:
        async with IndexClient("127.0.0.1", self._server.port) as asker:
            answer = await asker.list_all(Options(wants_copies=True))
            return {record.number: record.copy for record in answer.records}

    async def becomes(self, documents: dict[int, bytes]) -> None:
        """Wait until it has exactly these documents, each with the copy that these bytes are."""
        await eventually(
            lambda: self._server.index.record_count == len(documents),
            what=f"the index has {len(documents)} records",
        )
        wanted = {number: copy_of(text) for number, text in documents.items()}
        loop = asyncio.get_running_loop()
        deadline = loop.time() + WAIT_SECONDS
        while (known := await self.copies()) != wanted:
            assert loop.time() < deadline, f"the index has {known}"
