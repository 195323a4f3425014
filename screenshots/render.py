"""Makes the pictures of the README: plays a session with the real programs, and draws what they printed.

`python3 screenshots/render.py` needs nothing installed; without p2pci beside this Python the picture of
`p2pci check` is left as it is. `server.py` and two `peer.py` run under
pseudo-terminals, on loopback alone, on copies of `peer1/rfcs` and `peer2/rfcs` in a temporary folder. The
pictures are SVG files next to this script. Dates, and ports where the usual ones are taken, differ from
run to run; the pictures say nothing else of the machine.
"""

from __future__ import annotations

import os
import pty
import re
import shutil
import socket
import subprocess
import sys
import termios
import threading
from contextlib import ExitStack, suppress
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

PICTURES = Path(__file__).resolve().parent
CHECKOUT = PICTURES.parent
LOOPBACK = "127.0.0.1"
CHECKER = Path(sys.executable).with_name("p2pci")
WAIT_SECONDS = 10.0
COLUMNS = 96
MAX_LINES = 45
# When the sample documents were last changed, for all runs: 17 April 2026, 16:08:18 GMT.
MODIFIED_SECONDS = 1_776_442_098
ELLIPSIS = "…"

MENU_BEGINS = "1. ADD"
CHOICE = "Choose 1-5: "
NUMBER = "RFC number: "
TITLE = "Title (Enter skips): "


def main() -> None:
    with TemporaryDirectory(prefix="p2pci-screenshots-") as folder:
        with ExitStack() as stack:
            pictures = Session(Path(folder), stack).play()
        with ExitStack() as stack:
            if CHECKER.exists():
                pictures["check"] = judge(Path(folder), stack)
    for name, (command, lines) in pictures.items():
        path = PICTURES / f"{name}.svg"
        path.write_text(draw(command, lines), encoding="utf-8")
        print(path.relative_to(CHECKOUT))


# What is played.


class Session:
    """An index server, two peers that join it, what peer 2 asks, and peer 1 that leaves."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder = folder
        self._stack = stack
        self._server_port = choose_port(7734)
        self._upload_port = choose_port(63235)  # of peer 1
        make_shelves(folder)

    def play(self) -> dict[str, tuple[str, list[str]]]:
        """Play it, and give the title and the lines of each picture under its name."""
        is_usual = self._server_port == 7734
        serve = "python3 server.py" + ("" if is_usual else f" {self._server_port}")
        share = "python3 ../peer.py localhost" + ("" if is_usual else f":{self._server_port}")
        server = self._start(serve, ".")
        server.expect("Listening on port")
        peer1 = self._join(server, share, "peer1", upload_port=self._upload_port)
        peer2 = self._join(server, share, "peer2", upload_port=choose_port(63237))
        peer2_title = f"cd peer2 && {share}"
        return {
            "start": (serve, show_start(server)),
            "list": (peer2_title, choose(peer2, "3")),
            "lookup": (peer2_title, choose(peer2, "2", (NUMBER, "3457"), (TITLE, ""))),
            "get": (peer2_title, choose(peer2, "4", (NUMBER, "2345"))),
            "upload": (f"cd peer1 && {share}", show_upload(peer1)),
            "errors": (f"printf … | nc localhost {self._upload_port}", self._fail(peer2, peer2_title)),
            "exit": (serve, show_exit(server, peer1, peer2)),
        }

    def _start(self, command: str, folder: str, *, upload_port: int = 0) -> Program:
        program = Program(command, self._folder / folder, upload_port=upload_port)
        return self._stack.enter_context(program)

    def _join(self, server: Program, command: str, folder: str, *, upload_port: int) -> Program:
        """Start a peer, and wait until it offers its menu and the server has shown its last answer."""
        peer = self._start(command, folder, upload_port=upload_port)
        peer.expect(CHOICE)
        server.expect("RFC 3457 Requirements for IPsec Remote Access Scenarios 127")
        server.expect("\n")
        return peer

    def _fail(self, peer2: Program, peer2_title: str) -> list[str]:
        lines: list[str] = []
        for request_line in ("GET RFC 9999 P2P-CI/1.0", "BLAH RFC 123 P2P-CI/1.0", "GET RFC 123 P2P-CI/2.0"):
            lines += show_raw(request_line, port=self._upload_port)
        refused = choose(peer2, "2", (NUMBER, "4342"), (TITLE, ""))
        start = next(index for index, line in enumerate(refused) if line.startswith(CHOICE))
        return [*lines, f"$ {peer2_title}", ELLIPSIS, *refused[start:]]


def judge(folder: Path, stack: ExitStack) -> tuple[str, list[str]]:
    """Judge a server that has its faults, by some of the cases."""
    port = choose_port(7734)
    faulty = Program(f"python3 {PICTURES / 'student_server.py'} {port}", folder, upload_port=0)
    stack.enter_context(faulty).expect("Listening")
    words = f"check server localhost:{port} --only P-2.1/1,P-2.3,B-15,P-2.9,P-4.2/1,Q-2,Q-3"
    checker = stack.enter_context(Program(f"python3 {CHECKER} {words}", folder, upload_port=0))
    return f"p2pci {words}", checker.lines_to_the_end()


def choose_port(usual: int) -> int:
    """Take the usual port, so that the pictures stay the same, or any other one when it is taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, usual))
        except OSError:
            probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def make_shelves(folder: Path) -> None:
    """Copy the tracked documents of two peers; what peers downloaded there since does not come along."""
    for starter in ("server.py", "peer.py"):
        (folder / starter).symlink_to(CHECKOUT / starter)
    for name, numbers in (("peer1", (2345, 3457)), ("peer2", (123, 3457))):
        shelf = folder / name / "rfcs"
        shelf.mkdir(parents=True)
        for number in numbers:
            copy = shutil.copy(CHECKOUT / name / "rfcs" / f"rfc{number}.txt", shelf)
            os.utime(copy, (MODIFIED_SECONDS, MODIFIED_SECONDS))


def choose(peer: Program, choice: str, *answers: tuple[str, str]) -> list[str]:
    """Choose from the menu, answer its questions, and give what the screen shows of it, menu included."""
    start = last_index(peer.lines(), MENU_BEGINS)
    peer.type(choice)
    for question, answer in answers:
        peer.expect(question)
        peer.type(answer)
    peer.expect(CHOICE)
    lines = peer.lines()
    return lines[start : last_index(lines, MENU_BEGINS)]


def show_start(server: Program) -> list[str]:
    lines = server.lines()
    start = next(index for index, line in enumerate(lines) if line.startswith("[Server] New"))
    return [lines[0], ELLIPSIS, *lines[start : last_index(lines, "ADD RFC 3457")], ELLIPSIS]


def show_upload(peer1: Program) -> list[str]:
    peer1.expect("[UPLOAD] Sent")
    peer1.expect(CHOICE)
    lines = peer1.lines()
    return lines[last_index(lines, MENU_BEGINS) :]


def show_raw(request_line: str, *, port: int) -> list[str]:
    """Send what no peer of ours would, and show the command that sends the same, with the answer."""
    request = f"{request_line}\r\nHost: localhost\r\nOS: Mac\r\n\r\n"
    with socket.create_connection((LOOPBACK, port), timeout=WAIT_SECONDS) as connection:
        connection.sendall(request.encode())
        with connection.makefile("rb") as answer:
            shown = answer.read().decode().rstrip().splitlines()
    typed = request.replace("\r\n", r"\r\n")
    return [f'$ printf "{typed}" | nc localhost {port}', *shown, ""]


def show_exit(server: Program, peer1: Program, peer2: Program) -> list[str]:
    peer1.type("5")
    peer1.expect("Disconnecting...")
    server.expect("left. Removed")
    choose(peer2, "3")
    server.expect("RFC 3457 Requirements")
    server.expect("\n")
    lines = server.lines()
    return [ELLIPSIS, *lines[last_index(lines, "[SERVER] Peer") :]]


def last_index(lines: list[str], beginning: str) -> int:
    return max(index for index, line in enumerate(lines) if line.startswith(beginning))


# Where it is played.


class Program:
    """A starter that runs under a pseudo-terminal; a thread reads what it prints.

    Args:
        command: as one types it; this Python takes the place of `python3`.
        folder: where it is typed.
        upload_port: of a peer.
    """

    def __init__(self, command: str, folder: Path, *, upload_port: int) -> None:
        self._screen, terminal = pty.openpty()
        termios.tcsetwinsize(terminal, (MAX_LINES, COLUMNS))
        self._process = subprocess.Popen(
            [sys.executable, *command.split()[1:]],
            cwd=folder,
            env={
                "PATH": str(CHECKER.parent),  # so that p2pci calls itself by its name alone
                "P2PCI_BIND": LOOPBACK,
                "P2PCI_UPLOAD_PORT": str(upload_port),
                "PYTHONUTF8": "1",
                "TERM": "xterm",
                "INPUTRC": os.devnull,
            },
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            start_new_session=True,
        )
        os.close(terminal)
        self._output = b""
        self._expected_up_to = 0
        self._has_more = threading.Condition()
        self._reader = threading.Thread(target=self._read)

    def __enter__(self) -> Self:
        self._reader.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(WAIT_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join()
        os.close(self._screen)

    def type(self, text: str) -> None:
        """Type a line."""
        os.write(self._screen, f"{text}\n".encode())

    def expect(self, text: str) -> None:
        """Wait until a text is printed, after the one that was expected before.

        Raises:
            TimeoutError: it is not.
        """
        wanted = text.encode()
        with self._has_more:
            if not self._has_more.wait_for(
                lambda: wanted in self._output[self._expected_up_to :], WAIT_SECONDS
            ):
                shown = self._output.decode(errors="replace")
                raise TimeoutError(f"{text!r} was not printed within {WAIT_SECONDS:g} s, but this:\n{shown}")
            self._expected_up_to = self._output.index(wanted, self._expected_up_to) + len(wanted)

    def lines(self) -> list[str]:
        """Give what a terminal shows of the output that was expected so far."""
        return lines_on_screen(self._output[: self._expected_up_to].decode())

    def lines_to_the_end(self) -> list[str]:
        """Wait until the program has ended, and give what a terminal shows of all that it printed."""
        self._reader.join(WAIT_SECONDS)
        return lines_on_screen(self._output.decode())

    def _read(self) -> None:
        with suppress(OSError):  # what Linux raises when the program has gone
            while data := os.read(self._screen, 65536):
                with self._has_more:
                    self._output += data
                    self._has_more.notify_all()


def lines_on_screen(output: str) -> list[str]:
    """Do what a terminal does with line ends, returns and erasures; other escapes change nothing here."""
    lines, column = [""], 0
    for piece in re.findall(r"\x1b\[[0-9;?]*[A-Za-z]|[\r\n]|[^\x1b\r\n]+", output):
        if piece == "\n":
            lines.append("")
            column = 0
        elif piece == "\r":
            column = 0
        elif piece == "\x1b[K":
            lines[-1] = lines[-1][:column]
        elif not piece.startswith("\x1b"):
            lines[-1] = lines[-1][:column] + piece + lines[-1][column + len(piece) :]
            column += len(piece)
    return lines


# How it is drawn.

CHARACTER_WIDTH = 8.43  # of the widest of the fonts below
LINE_HEIGHT = 19
MARGIN = 22
BAR_HEIGHT = 36
STYLE = """
  text { fill: #d8dee9; white-space: pre }
  text { font: 14px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace }
  .title { fill: #9aa5b8; text-anchor: middle }
  .dim { fill: #9aa5b8 }
  .server { fill: #88c9a1 }
  .peer { fill: #8fbcf0 }
  .transfer { fill: #cfa8e8 }
  .request { fill: #f0f3f8; font-weight: bold }
  .good { fill: #a8d58a }
  .bad { fill: #ff9f8f }
  .typed { fill: #ffd580 }
""".strip("\n")

# What a line looks like, and the classes of its groups; the first that fits.
KINDS: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = (
    (re.compile(r"(\[server\])(.*)", re.IGNORECASE), ("server", "")),
    (re.compile(r"(\[peer\])(.*)", re.IGNORECASE), ("peer", "")),
    (re.compile(r"(\[(?:UPLOAD|DOWNLOAD)\])(.*)"), ("transfer", "")),
    (re.compile(r"(  ✔)( .*)"), ("good", "")),
    (re.compile(r"(  ✘)( .*)"), ("bad", "")),
    (re.compile(r"(  [?~-])( .*)"), ("typed", "")),
    (re.compile(r"( +fail)(.*)"), ("bad", "")),
    (re.compile(r"( +ambiguous)(.*)"), ("typed", "")),
    (re.compile(r"( +\^)"), ("bad",)),
    (re.compile(r"( {15}(?:expected|received|from|hint|again))( .*)"), ("dim", "")),
    (re.compile(r"(Does not conform)(.*)"), ("bad", "")),
    (re.compile(r"((?:ADD|LOOKUP|LIST|GET) .* P2P-CI/\S+)"), ("request",)),
    (re.compile(r"(P2P-CI/\S+ 2.*)"), ("good",)),
    (re.compile(r"(P2P-CI/\S+ [45].*)"), ("bad",)),
    (re.compile(rf"({CHOICE}|{NUMBER}|{re.escape(TITLE)}|\$ )(.*)"), ("dim", "typed")),
    (re.compile(rf"(\d\. [A-Z]+ — .*|{ELLIPSIS})"), ("dim",)),
    (re.compile(r"(.*)"), ("",)),
)


def draw(title: str, lines: list[str]) -> str:
    """Draw lines as a terminal window, which has a ground of its own and so fits light and dark pages.

    Raises:
        ValueError: there are more than a picture should have.
    """
    rows = [row for line in strip_ends(lines) for row in wrap(without_build(line))]
    if len(rows) > MAX_LINES:
        raise ValueError(f"The picture {title!r} has {len(rows)} lines; {MAX_LINES} are enough. Cut it.")
    width = round(2 * MARGIN + COLUMNS * CHARACTER_WIDTH)
    height = BAR_HEIGHT + LINE_HEIGHT * len(rows) + MARGIN
    texts = "\n".join(
        f'<text x="{MARGIN}" y="{BAR_HEIGHT + LINE_HEIGHT * (number + 1)}" xml:space="preserve">{row}</text>'
        for number, row in enumerate(rows)
        if row
    )
    dots = "".join(f'<circle cx="{MARGIN + 18 * n}" cy="18" r="5.5" fill="#4f596b"/>' for n in range(3))
    return f"""<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" \
viewBox="0 0 {width} {height}" role="img">
<title>{escape(title)}</title>
<style>
{STYLE}
</style>
<rect x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="9" fill="#20252e" stroke="#566074"/>
<path d="M1 {BAR_HEIGHT - 6}H{width - 1}" stroke="#3a4252"/>
{dots}
<text class="title" x="{width / 2:g}" y="23">{escape(title)}</text>
{texts}
</svg>
"""


def strip_ends(lines: list[str]) -> list[str]:
    """Leave out empty lines at the beginning and at the end."""
    return "\n".join(lines).strip("\n").split("\n")


def without_build(line: str) -> str:
    """Shorten the release of an operating system: the rest of it is nobody's business."""
    return re.sub(r"^(OS: \S+ \d+\.\d+).*", r"\1", line)


def wrap(line: str) -> list[str]:
    """Give a line as rows of marked-up text."""
    pattern, classes = next((found, classes) for kind, classes in KINDS if (found := kind.fullmatch(line)))
    rows, room = [""], COLUMNS
    for text, style in zip(pattern.groups(), classes, strict=True):
        rest = text
        while rest:
            piece, rest = rest[:room], rest[room:]
            rows[-1] += f'<tspan class="{style}">{escape(piece)}</tspan>' if style else escape(piece)
            room -= len(piece)
            if rest:
                rows.append("")
                room = COLUMNS
    return rows


if __name__ == "__main__":
    main()
