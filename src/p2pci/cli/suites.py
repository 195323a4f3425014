"""The kinds of programs that `p2pci check` judges: the cases of each, and how they get at the target."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Generic

from p2pci.checker.cases import Case, Target
from p2pci.checker.wire import Wires
from p2pci.dialing import show_address
from p2pci.errors import InvalidValueError

if TYPE_CHECKING:
    from p2pci.checker.peer import Holder
    from p2pci.checker.server import Server
    from p2pci.events import Address


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite(Generic[Target]):
    """A kind of target, its cases, and how they get at it.

    Attributes:
        name: of the target, as people call it.
        address: where it listens.
        words, last_words: of the command line, that name the target; the last ones stand behind all flags.
    """

    kind: str
    name: str
    address: Address
    cases: Sequence[Case[Target]]
    make_target: Callable[[Wires], Target]
    words: tuple[str, ...]
    last_words: tuple[str, ...] = ()


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
        words=(name,),
    )


def suite_of_peer(address: Address, *, have: int, file: Path | None) -> Suite[Holder]:
    """Judge a holder by a document that it has, and by the bytes of it where there is a copy.

    Raises:
        InvalidValueError: the copy cannot be read.
    """
    from p2pci.checker.peer import CASES, Habits, Holder

    host, port = address
    name = show_address(address)
    document = _read(file) if file else None
    habits = Habits()
    return Suite(
        kind="peer",
        name=name,
        address=address,
        cases=CASES,
        make_target=lambda wires: Holder(host, port, wires, have, document=document, habits=habits),
        words=(name, "--have", str(have), *(("--file", str(file)) if file else ())),
    )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InvalidValueError(f"{path}: {error.strerror}. Name a file that can be read.") from error
