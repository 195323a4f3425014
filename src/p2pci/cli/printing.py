"""Events as lines: what an index server and a peer print, in the words of the original programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from p2pci import events
from p2pci.cli.display import escape, show_message, show_path
from p2pci.dialing import show_address

if TYPE_CHECKING:
    from collections.abc import Iterable

    from p2pci.cli.log import Log
    from p2pci.events import Event

SHOWN_REGISTRATIONS = 10


class ServerPrinter:
    """Prints an index server's events; messages and connections only with `shows_messages`."""

    def __init__(self, log: Log, *, shows_messages: bool) -> None:
        self._log = log
        self._shows_messages = shows_messages

    def __call__(self, event: Event) -> None:
        line = _sharing_line(event) if isinstance(event, events.SharingEvent) else self._line(event)
        if line is not None:
            self._log.report(line, event)

    def _line(self, event: Event) -> str | None:
        match event:
            case events.Connected(address) if self._shows_messages:
                return f"[Server] New TCP connection from {show_address(address)}"
            case events.Received(data=data) | events.Sent(data=data):
                return show_message(data)
            case events.AcceptingPaused() | events.AcceptingResumed() | events.TurnedAway():
                return f"[SERVER] {_accepting_line(event)}"
            case events.Joined(host, port):
                return f"[Server] Added {escape(show_address((host, port)))}"
            case events.Added(number, host):
                return f"[Server] Added RFC {number} from {escape(host)}"
            case events.Removed(number, host):
                return f"[Server] Removed RFC {number} from {escape(host)}"
            case events.Left(host, port, records):
                where = escape(show_address((host, port)))
                return f"[SERVER] Peer {where} left. Removed 1 peer(s), {records} RFC(s)."
            case _:
                return None


class PeerPrinter:
    """Prints a peer's events.

    Args:
        log: where to.
        shows_all: every registration with its messages, and those of the upkeep; else the first ten, then
            how many more.
        tells_hosts: say of an index server its host, too, where there are several.
    """

    def __init__(self, log: Log, *, shows_all: bool, tells_hosts: bool = False) -> None:
        self._log = log
        self._shows_all = shows_all
        self._tells_hosts = tells_hosts
        self._is_abridging = False
        self._last_loss = ""  # why the index was away when that was last said

    def watch(self, event: Event) -> None:
        """Print what happens now and then."""
        line = (
            self._registration_line(event)
            or self._download_line(event)
            or self._membership_line(event)
            or self._folder_line(event)
            or _upload_line(event)
        )
        if line:
            self._log.report(line, event)

    def trace(self, event: Event) -> None:
        """Print a message."""
        match event:
            case events.Received(events.Role.UPLOAD, address, data):
                self._log.report(f"[UPLOAD] Request from {address}:\n{show_message(data)}", event)
            case events.Received(events.Role.CLIENT, _, _) | events.Sent(events.Role.CLIENT, _, _) if (
                self._is_abridging
            ):
                pass
            case events.Received(events.Role.UPKEEP, _, _) | events.Sent(events.Role.UPKEEP, _, _) if (
                not self._shows_all
            ):
                pass
            case events.Received(data=data) | events.Sent(data=data):
                self._log.report(show_message(data), event)
            case _:
                pass

    def _registration_line(self, event: Event) -> str | None:
        match event:
            case events.Registering(_, _, position, total) | events.Unregistering(_, position, total) if (
                position > SHOWN_REGISTRATIONS and not self._shows_all
            ):
                first = not self._is_abridging
                self._is_abridging = True
                return f"… and {total - position + 1} more" if first else None
            case events.Unregistering(number, _, _):
                return f"[Peer] RFC {number} has left the shelf: unregistering it"
            case events.Registering(number, title, _, _):
                return f"[Peer] Registering RFC {number}: {escape(title)}"
            case events.NotRegistered(number, reason):
                return f"[Peer] RFC {number} was not registered. {escape(reason)}"
            case events.Registered() | events.Unregistered() | events.Rejoining():
                self._is_abridging = False
        return None

    def _download_line(self, event: Event) -> str | None:
        match event:
            case events.Downloading(number, host, port):
                return f"[DOWNLOAD] Connecting to {escape(show_address((host, port)))} for RFC {number}..."
            case events.Progress(number, done, size) if 0 < done < size:
                self._log.terminal.show_status(f"[DOWNLOAD] RFC {number}: {done} of {size} bytes")
            case events.Downloaded(_, path, size, _, is_verified):
                doubt = "" if is_verified else ", unverified: no holder told its SHA-256"
                return f"[DOWNLOAD] Saved to {show_path(path)} ({size} bytes{doubt})"
            case events.SourceLeftOut(host, port, reason):
                return f"[MIRROR] Nothing more from {escape(show_address((host, port)))}. {escape(reason)}"
            case events.Disagreement(number, votes, taken):
                return _disagreement_lines(number, votes, taken)
            case events.SourceFailed(_, host, port, reason):
                return f"[DOWNLOAD] {escape(show_address((host, port)))} did not deliver. {escape(reason)}"
        return None

    def _membership_line(self, event: Event) -> str | None:
        match event:
            case events.LeftOut(error):
                return f"[Peer] Left out: {escape(str(error))}"
            case events.Advertised(host, _):
                return f"[Peer] Hostname: {escape(host)}"
            case events.IndexConnected(host, port):
                self._last_loss = ""
                where = f" of {escape(host)}" if self._tells_hosts else ""
                return f"[Peer] Connected to server at port {port}{where}"
            case events.IndexLost(reason, retry_seconds):
                return self._loss_line(reason, retry_seconds)
        return None

    def _folder_line(self, event: Event) -> str | None:
        match event:
            case events.Rejoining():
                return "[Peer] This server has no REMOVE: leaving it, and joining again with what is left"
            case events.FolderTrouble(error):
                return (
                    f"[Peer] The shelf cannot be shared: {escape(str(error))} "
                    "What is there is shared again when it can be read."
                )
            case events.FolderBack():
                return "[Peer] The shelf can be read again"
            case events.WatchingFailed(reason, rescan_seconds):
                return f"[Peer] {_watching_line(reason, rescan_seconds)}"
            case events.Unreachable(host, port):
                return f"[Peer] {_unreachable_line(host, port)}"
        return None

    def _loss_line(self, reason: str, retry_seconds: float) -> str | None:
        """Say once why the index is away, not at each of the tries of a long night."""
        if reason == self._last_loss:
            return None
        self._last_loss = reason
        where = f"The index server is away: {escape(reason.rstrip('.'))}."
        return f"[Peer] {where} The shelf is still served; next try in {retry_seconds:.1f} s."


def _upload_line(event: Event) -> str | None:
    match event:
        case events.AcceptingPaused() | events.AcceptingResumed() | events.TurnedAway():
            return f"[UPLOAD] {_accepting_line(event)}"
        case events.UploadListening(port):
            return f"[UPLOAD] Upload server listening on port {port}"
        case events.Uploaded(address, number, size):
            return f"[UPLOAD] Sent RFC {number} to {address} ({size} bytes)"
        case events.MoreUploaded(documents, size):
            return f"[UPLOAD] … and sent {documents} more within a second ({size} bytes)"
    return None


def _sharing_line(event: events.SharingEvent) -> str:
    return f"[SERVER] {_sharing_text(event)}"


def _sharing_text(event: events.SharingEvent) -> str:
    match event:
        case events.IndexShared(node, others, records):
            return f"One index with {others} other server(s), as {escape(node)}: {records} records in all."
        case events.IndexAlone(reason):
            return f"Alone, and answering from what is known. {escape(reason)}"
        case events.IndexFenced():
            return (
                "Stood still for longer than the lease: joining the others anew before anything is answered."
            )
        case events.NameLeased(node, seconds):
            return f"The name {escape(node)} is leased for another {seconds:.1f} s: waiting for that to end."
        case events.NodeJoined(node, peers):
            return f"Server {escape(node)} is there, with {peers} peer(s)."
        case events.NodeLeft(node, peers, is_silent):
            how = "is silent for longer than its lease" if is_silent else "has ended"
            return f"Server {escape(node)} {how}: its {peers} peer(s) are gone."
        case events.SharedDamage(node, reason):
            whose = f"of {escape(node)}" if node else "on the channel"
            return f"Something {whose} in Redis is left out. {escape(reason)}"


def _accepting_line(event: events.AcceptingPaused | events.AcceptingResumed | events.TurnedAway) -> str:
    match event:
        case events.AcceptingPaused(connections):
            return (
                f"Nearly out of descriptors, with {connections} connections: new ones wait, these go on. "
                "Allow more (ulimit -n, LimitNOFILE), or lower --max-connections."
            )
        case events.TurnedAway(""):
            return "A newcomer was turned away: there are as many connections as --max-connections allows."
        case events.TurnedAway(place):
            return f"A newcomer was turned away: {place} has as many connections as --max-per-address allows."
        case events.AcceptingResumed():
            return "New connections are taken again."


def _disagreement_lines(number: int, votes: Iterable[tuple[bytes, int]], taken: bytes | None) -> str:
    lines = [f"[DOWNLOAD] The holders of RFC {number} disagree about it:"]
    lines += [
        f"  {hosts} host(s): {digest.hex()}{' (taken)' if digest == taken else ''}" for digest, hosts in votes
    ]
    return "\n".join(lines)


def _watching_line(reason: str, rescan_seconds: float) -> str:
    if rescan_seconds:
        advice = f"They are looked for every {rescan_seconds:g} s instead."
    else:
        advice = "With --rescan 0 they are not seen before the next start; give it another value."
    return f"The system does not tell of changes on the shelf: {escape(reason)}. {advice}"


def _unreachable_line(host: str, port: int) -> str:
    where = escape(show_address((host, port)))
    return (
        f"Others cannot fetch from here: the index server found no way to port {port}; {where} is published. "
        f"Open TCP port {port} in this machine's firewall (--port N keeps the same one for a rule); "
        "behind a router, forward a port and give it as --advertise HOST:PORT."
    )
