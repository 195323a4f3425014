"""The kinds of programs that `p2pci check` judges: the cases of each, and how they get at the target."""

from __future__ import annotations

import shlex
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic

from p2pci.checker.cases import Case, Result, Target
from p2pci.checker.recognising import FirstLook, look_at_client
from p2pci.checker.wire import Patience, Wires
from p2pci.dialing import show_address
from p2pci.errors import InvalidValueError

if TYPE_CHECKING:
    from p2pci.checker.client import Client, Driver
    from p2pci.checker.peer import Holder
    from p2pci.checker.server import Server
    from p2pci.events import Address


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite(Generic[Target]):
    """A kind of target, its cases, and how they get at it.

    Attributes:
        name: of the target, as people call it.
        address: where it listens, when it does.
        words, last_words: of the command line, that name the target; the last ones stand behind all flags.
        look: says what else the target seems to be, or ""; None where that is not looked for.
        patience: how long is usually waited.
    """

    kind: str
    name: str
    address: Address | None
    cases: Sequence[Case[Target]]
    make_target: Callable[[Wires], Target]
    words: tuple[str, ...]
    last_words: tuple[str, ...] = ()
    look: Callable[[Result, Patience], Awaitable[str]] | None = None
    patience: Patience = field(default_factory=Patience)


def suite_of_server(address: Address) -> Suite[Server]:
    from p2pci.checker.server import CASES, Server

    host, port = address
    name = show_address(address)
    return Suite(
        kind="server",
        name=name,
        address=address,
        cases=CASES,
        make_target=lambda wires: Server(host, port, wires),
        look=lambda _, patience: FirstLook(host, port, patience).for_index(),
        words=(name,),
    )


def suite_of_peer(address: Address, *, have: int, file: Path | None) -> Suite[Holder]:
    """Judge a holder by a document that it has, and by the bytes of it where there is a copy.

    Raises:
        InvalidValueError: the copy cannot be read, or is larger than what the cases can take.
    """
    from p2pci.checker.peer import CASES, MAX_DOCUMENT_BYTES, Habits, Holder

    host, port = address
    name = show_address(address)
    document = _read(file) if file else None
    if document and len(document) > MAX_DOCUMENT_BYTES:
        limit = MAX_DOCUMENT_BYTES // (1024 * 1024)
        raise InvalidValueError(f"{file} is larger than {limit} MiB. Judge by a smaller document.")
    habits = Habits()
    return Suite(
        kind="peer",
        name=name,
        address=address,
        cases=CASES,
        make_target=lambda wires: Holder(host, port, wires, have, document=document, habits=habits),
        look=lambda _, patience: FirstLook(host, port, patience).for_holder(have),
        words=(name, "--have", str(have), *(("--file", str(file)) if file else ())),
    )


def suite_of_client(
    command: tuple[str, ...], *, listen: int, script: str | None, driver: Driver
) -> Suite[Client]:
    """Judge a client that each case starts anew, whose menu the driver uses: by this script, or by hand."""
    from p2pci.checker.client import CASES, HAND_PATIENCE, SCRIPT_PATIENCE, Client, Launch

    launch = Launch(command=command, port=listen)
    return Suite(
        kind="client",
        name=shlex.join(command),
        address=None,
        cases=CASES,
        make_target=lambda wires: Client(wires, launch, driver),
        look=look_at_client,
        words=("--listen", str(listen), *(("--script", script) if script else ())),
        last_words=("--", *command),
        patience=SCRIPT_PATIENCE if script else HAND_PATIENCE,
    )


def all_cases() -> list[Case[Any]]:
    """Give the cases of all kinds; no two have the same id."""
    from p2pci.checker import client, peer, server

    return [*server.CASES, *peer.CASES, *client.CASES]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InvalidValueError(f"{path}: {error.strerror}. Name a file that can be read.") from error
