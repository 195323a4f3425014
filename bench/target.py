"""Load for any running implementation on this machine: `server:HOST:PORT` or `peer:HOST:PORT`.

It may be somebody else's, so what it answers is learned first, by asking once and again; then every answer
has to be the same. Everything is bounded in time. Imports `workshop`, `load` and `wording`.
"""

from __future__ import annotations

import re
import socket
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.load import Asker, Asking
from bench.wording import Exchange, add, get, lookup, write_exchanges
from bench.workshop import BenchError, Workshop

if TYPE_CHECKING:
    from collections.abc import Iterator

NUMBER = 3457
SECONDS = 3.0
FIRST_SECONDS = 5.0  # for the first byte of an answer
QUIET_SECONDS = 0.5  # an answer is over when nothing more comes for so long
MOST_SECONDS = 30.0  # for a whole answer that is learned
CONNECTIONS = 10
AT_ONCE = 32
_OUR_PEER = 64_000


@dataclass(frozen=True, slots=True)
class Target:
    """Where the load goes."""

    kind: str
    host: str
    port: int


def parse_target(text: str) -> Target:
    """Read `server:HOST:PORT` or `peer:HOST:PORT`, and find the address of the host.

    Raises:
        BenchError: it is neither, or the host is not this machine.
    """
    found = re.fullmatch(r"(server|peer):\[?([^\[\]]+?)\]?:(\d{1,5})", text)
    if not found:
        raise BenchError(f"{text!r} is no target. Write server:HOST:PORT or peer:HOST:PORT.")
    kind, name, port = found[1], found[2], int(found[3])
    try:
        addresses = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise BenchError(f"{name} is not known here: {error}") from error
    hosts = [str(address[4][0]) for address in addresses]
    for host in hosts:
        if not host.startswith("127.") and host != "::1":
            raise BenchError(f"{name} is not this machine's loopback; only that is loaded.")
        try:
            socket.create_connection((host, port), timeout=FIRST_SECONDS).close()
        except OSError:
            continue
        return Target(kind, host, port)
    raise BenchError(f"Nobody listens on {name}, port {port}.")


def measure(workshop: Workshop, text: str, *, number: int, seconds: float | None) -> int:
    """Load a target, print what came, and give the exit code.

    Raises:
        BenchError: it cannot be loaded, or does not always answer the same.
    """
    target = parse_target(text)
    loading = _Loading(workshop, target, seconds or SECONDS)
    return loading.load_server(number) if target.kind == "server" else loading.load_peer(number)


@dataclass(frozen=True, slots=True)
class _Loading:
    """A target under load."""

    workshop: Workshop
    target: Target
    seconds: float

    def load_server(self, number: int) -> int:
        """Add a document, stay while it is asked for, then add it over and over again."""
        adding = Exchange(add(number, _OUR_PEER), b"")
        with self._connected() as holder:
            holder.sendall(adding.request)
            echo = read_until_quiet(holder)
            if not echo:
                raise BenchError(f"The server does not answer an ADD in {FIRST_SECONDS:.0f} s.")
            if b" 200 " not in echo.split(b"\n")[0]:
                print(f"ADD is not answered with 200 but {_first_line(echo)}; LOOKUP finds what is there.")
            code = self._load("LOOKUP", lookup(number))
        return self._load("ADD", adding.request) or code

    def _load(self, what: str, request: bytes) -> int:
        """Ask the same with one and with 16 requests in flight; the second only where it is understood."""
        answer = self._learn(request)
        print(f"{what} is answered with {len(answer):,} bytes: {_first_line(answer)}")
        code = self._ask(what, Exchange(request, answer), in_flight=1)
        if self._read(request * 2) == answer * 2:
            return self._ask(what, Exchange(request, answer), in_flight=16) or code
        print(f"{what}: two requests in one segment are not answered twice; no more than 1 in flight.")
        return code

    def load_peer(self, number: int) -> int:
        """Fetch a document again and again, a connection each."""
        with self._connected() as connection:
            connection.sendall(get(number))
            answer = read_until_quiet(connection)
            closes = not _is_open(connection)
        head, blank, body = answer.partition(b"\r\n\r\n")
        size = re.search(rb"(?i)^content-length:\s*(\d+)", head, re.MULTILINE)
        if b" 200 " not in head.split(b"\n")[0]:
            raise BenchError(
                f"GET RFC {number} is answered {_first_line(answer)}. Name a document: NUMBER=n."
            )
        if not blank or (size and int(size[1]) != len(body)):
            raise BenchError(
                "The answer to GET has no end that could be waited for: no blank line, or another size."
            )
        if not closes:
            print("The peer leaves connections open; they are closed here.")
        print(f"GET RFC {number} is answered with a document of {len(body):,} bytes")
        exchange = Exchange(get(number), body)
        return self._ask("GET", exchange, mode="once" if closes else "whole", connections=AT_ONCE)

    def _learn(self, request: bytes) -> bytes:
        """Ask twice, on connections of their own.

        Raises:
            BenchError: nothing came, or not the same again.
        """
        answer = self._read(request)
        if not answer:
            raise BenchError(f"{request[:60]!r} is not answered in {FIRST_SECONDS:.0f} s.")
        if answer != self._read(request):
            raise BenchError(f"{request[:60]!r} is answered otherwise each time, so nothing can be compared.")
        return answer

    def _read(self, request: bytes) -> bytes:
        with self._connected() as connection:
            connection.sendall(request)
            return read_until_quiet(connection)

    def _ask(
        self,
        what: str,
        exchange: Exchange,
        *,
        in_flight: int = 1,
        mode: str = "shared",
        connections: int = CONNECTIONS,
    ) -> int:
        asking = Asking(
            exchanges=write_exchanges(self.workshop.path("target"), [exchange]),
            connections=connections,
            in_flight=in_flight,
            seconds=self.seconds,
            mode=mode,
        )
        load = Asker(self.workshop, self.target.port, asking, host=self.target.host).result(may_fail=True)
        print(
            f"{what}, {connections} connections, {in_flight} in flight: {load.per_second:,.0f}/s, "
            f"{load.bytes / load.seconds / 1e6:,.1f} MB/s, latency {load.p50_us / 1000:.2f} ms, "
            f"99 % {load.p99_us / 1000:.2f} ms, at most {load.max_us / 1000:.2f} ms, {load.errors} wrong"
        )
        return 1 if load.errors else 0

    @contextmanager
    def _connected(self) -> Iterator[socket.socket]:
        """Open a connection to the target."""
        address = (self.target.host, self.target.port)
        with socket.create_connection(address, timeout=FIRST_SECONDS) as connection:
            yield connection


def read_until_quiet(connection: socket.socket) -> bytes:
    """Read until the other side closes, says nothing more, or has said more than enough."""
    answer = bytearray()
    deadline = time.monotonic() + MOST_SECONDS
    connection.settimeout(FIRST_SECONDS)
    while time.monotonic() < deadline:
        try:
            data = connection.recv(1 << 20)
        except OSError:
            break
        if not data:
            break
        answer += data
        connection.settimeout(QUIET_SECONDS)
    return bytes(answer)


def _is_open(connection: socket.socket) -> bool:
    """Say whether the other side has not closed."""
    connection.settimeout(QUIET_SECONDS)
    try:
        return bool(connection.recv(1))
    except TimeoutError:
        return True
    except OSError:
        return False


def _first_line(answer: bytes) -> str:
    return repr(answer.split(b"\n")[0].rstrip()[:80].decode("ascii", "replace"))
