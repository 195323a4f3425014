"""What the page has done for it: in threads of its own, few at a time, for who is still there."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.types import Message

from p2pci.errors import BusyError
from p2pci.web.peer import reading, working
from p2pci.web.peer.working import Work
from tests.upload.loops import eventually
from tests.web.peer.conftest import HOST, Page, document, serving


def asking(kind: str = "http.request") -> Request:
    async def receive() -> Message:
        return {"type": kind}

    return Request({"type": "http"}, receive)


async def test_work_of_the_page_needs_no_thread_of_the_loop(page: Page) -> None:
    await page.get("/api/swarm")  # the list of the swarm is there
    threads, released = ThreadPoolExecutor(1), threading.Event()
    asyncio.get_running_loop().set_default_executor(threads)
    blocked = asyncio.get_running_loop().run_in_executor(None, released.wait)
    try:
        for path in ("/api/find?q=pigeons", "/api/rfc/7001/text", "/api/rfc/7001"):
            reader, writer = await asyncio.open_connection(HOST, page.port)
            writer.write(f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode())
            async with asyncio.timeout(5):
                assert (await reader.read()).startswith(b"HTTP/1.1 200 OK")
            writer.close()
            await writer.wait_closed()
    finally:
        released.set()
        await blocked


async def test_nothing_is_done_for_who_has_left() -> None:
    work = Work()
    done: list[int] = []
    with pytest.raises(BusyError, match="has left"):
        await work.do(lambda: done.append(1), asked=asking("http.disconnect"))
    await work.do(lambda: done.append(2), asked=asking())
    assert done == [2]
    work.close()


async def test_few_are_done_at_once_few_wait_and_the_rest_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(working, "MAX_WAITING", 1)
    work, going, released = Work(), threading.Semaphore(0), threading.Event()

    def wait() -> bool:
        going.release()
        return released.wait(10)

    asked = [asyncio.create_task(work.do(wait, asked=asking())) for _ in range(working.MAX_AT_ONCE)]
    await eventually(_all_taken(going, working.MAX_AT_ONCE), what="as many as there may be are done")
    asked.append(asyncio.create_task(work.do(wait, asked=asking())))
    with pytest.raises(BusyError, match="Try again"):
        await asyncio.wait_for(_next_turn(work, wait), 5)
    released.set()
    assert await asyncio.gather(*asked) == [True] * len(asked)
    work.close()


def _all_taken(going: threading.Semaphore, wanted: int) -> Callable[[], bool]:
    taken: list[bool] = []

    def look() -> bool:
        if going.acquire(blocking=False):
            taken.append(True)
        return len(taken) == wanted

    return look


async def _next_turn(work: Work, wait: Callable[[], bool]) -> bool:
    await asyncio.sleep(0)  # the one before it has its place
    return await work.do(wait, asked=asking())


async def test_end_of_a_document_of_any_length_is_left_out_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MAX_BYTES", 100)
    text = document(7001, "A Way to Talk")
    async with serving(tmp_path, here={7001: text}, elsewhere={}) as page:
        told = await page.get("/api/rfc/7001/text")
        assert told["left_out"] == len(text) - 100
        assert "Request for Comments: 7001" in told["lines"][1]
        assert told["sections"] == []
