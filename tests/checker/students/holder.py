"""An upload server as a student writes it: a thread for each connection, and typical faults to switch on.

Run it by hand with `python3 tests/checker/students/holder.py FOLDER [FAULT …]`; it prints its port.
Imports nothing of the project.
"""

from __future__ import annotations

import os
import platform
import socket
import sys
import threading
from datetime import UTC, datetime
from email.utils import formatdate
from pathlib import Path

FAULTS = {
    "one-recv": "one recv is taken for the whole request",
    "until-eof": "the request is read until its sender closes",
    "println": "lines end in LF, as print ends them",
    "text-mode": "the document is read as text",
    "characters": "Content-Length counts characters",
    "strip": "the document is stripped",
    "now": "Last-Modified is now",
    "no-blank-line": "no blank line between headers and document",
    "line-behind": "a line end is sent behind the document",
    "no-close": "the connection is not closed",
    "one-at-a-time": "no threads",
    "no-404": "opening a file that is not there ends the thread",
    "no-505": "the version is not looked at",
    "no-400": "what is no request ends the thread",
    "any-method": "only the number is looked at",
    "error-page": "errors have an explanation",
    "dies": "no thread, and an error ends the program",
    "titles": "header names in title case",
    "iso-date": "Date as Python prints a datetime",
}


class Holder:
    """Serves the rfcN.txt of a folder on a free port of this machine."""

    def __init__(self, folder: Path, *faults: str) -> None:
        self.folder = folder
        self.faults = faults
        self.listening = socket.socket()
        self.listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listening.bind(("127.0.0.1", 0))
        self.listening.listen(50)
        self.port = self.listening.getsockname()[1]

    def run(self) -> None:
        """Accept until the listening socket is closed."""
        while True:
            try:
                connection, _ = self.listening.accept()
            except OSError:
                return
            if "one-at-a-time" in self.faults:
                self.serve_and_survive(connection)
            elif "dies" in self.faults:
                self.serve_and_die(connection)
            else:
                threading.Thread(target=self.serve_and_survive, args=[connection], daemon=True).start()

    def serve_and_survive(self, connection: socket.socket) -> None:
        try:
            self.serve(connection)
        except (OSError, ValueError, IndexError):
            connection.close()

    def serve_and_die(self, connection: socket.socket) -> None:
        try:
            self.serve(connection)
        except (OSError, ValueError, IndexError):
            connection.close()
            self.listening.close()  # as the end of the program does

    def serve(self, connection: socket.socket) -> None:
        request = self.read_request(connection)
        if request:
            connection.sendall(self.answer(request))
        if "no-close" in self.faults:
            OPEN.append(connection)
        else:
            connection.close()

    def read_request(self, connection: socket.socket) -> str:
        data = b""
        while b"\r\n\r\n" not in data or "until-eof" in self.faults:
            piece = connection.recv(1024)
            data += piece
            if not piece or len(data) > 10_000:
                break
            if "one-recv" in self.faults:
                break
        return data.decode("latin-1")

    def answer(self, request: str) -> bytes:
        words = request.split("\n", maxsplit=1)[0].split()
        if "no-400" in self.faults:
            number = int(words[2])
        elif "any-method" in self.faults:
            number = int("".join(word for word in words if word.isdigit()) or 0)
        elif len(words) != 4 or words[0] != "GET" or words[1] != "RFC" or not words[3].startswith("P2P-CI/"):
            return self.error("400 Bad Request")
        elif words[3] != "P2P-CI/1.0" and "no-505" not in self.faults:
            return self.error("505 P2P-CI Version Not Supported")
        elif not words[2].isdigit():
            return self.error("400 Bad Request")
        else:
            number = int(words[2])
        path = self.folder / f"rfc{number}.txt"
        if not path.exists() and "no-404" not in self.faults:
            return self.error("404 Not Found")
        return self.document(path)

    def error(self, what: str) -> bytes:
        page = "Sorry, that did not work.\r\n" if "error-page" in self.faults else ""
        return f"P2P-CI/1.0 {what}\r\n\r\n{page}".encode()

    def document(self, path: Path) -> bytes:
        data = self.read(path)
        length = len(data.decode()) if "characters" in self.faults else len(data)
        modified = None if "now" in self.faults else path.stat().st_mtime
        date = str(datetime.now(UTC))[:19] if "iso-date" in self.faults else formatdate(usegmt=True)
        lines = [
            "P2P-CI/1.0 200 OK",
            f"Date: {date}",
            f"OS: {platform.system()} {platform.release()}",
            f"Last-Modified: {formatdate(modified, usegmt=True)}",
            f"Content-Length: {length}",
            "Content-Type: text/text",
        ]
        if "titles" in self.faults:
            lines = [lines[0], *(line.replace("OS:", "Os:").replace("-M", "-m") for line in lines[1:])]
        end = "\n" if "println" in self.faults else "\r\n"
        blank = "" if "no-blank-line" in self.faults else end
        behind = b"\r\n" if "line-behind" in self.faults else b""
        return (end.join(lines) + end + blank).encode() + data + behind

    def read(self, path: Path) -> bytes:
        if "text-mode" in self.faults:
            with path.open(encoding="ascii", errors="replace") as file:  # as on a machine of another language
                return file.read().encode("latin-1", "replace")
        data = path.read_bytes()
        return data.strip() if "strip" in self.faults else data


OPEN: list[socket.socket] = []  # what nobody closes


if __name__ == "__main__":
    holder = Holder(Path(sys.argv[1]), *sys.argv[2:])
    print(f"{os.getpid()} listens on port {holder.port}", flush=True)
    holder.run()
