"""A small correct client with a menu, as a program of its own: faults override one method each.

It has two documents, and keeps what it downloads in memory. Whatever goes wrong is printed, and the menu
comes again.
"""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from io import BufferedReader

HEAD = (
    "P2P-CI/1.0 200 OK\r\nDate: Sun, 26 Apr 2026 21:30:16 GMT\r\nOS: Linux 6.1\r\n"
    "Last-Modified: Fri, 17 Apr 2026 16:08:18 GMT\r\n"
    "Content-Length: {size}\r\nContent-Type: text/plain\r\n\r\n"
)


class Stub:
    """Runs its menu on the terminal until 5 or the end of input."""

    def __init__(self, port: int) -> None:
        self.documents = {
            11: (b"\nEleven\n", "The Eleventh"),
            12: (b"\nTwelve\n", "The Twelfth"),
        }
        self.uploads = socket.create_server(("127.0.0.1", 0))
        self.port = self.uploads.getsockname()[1]
        self.index_port = port
        self.index = socket.socket()
        self.unread = b""

    def run(self) -> None:
        threading.Thread(target=self.serve_uploads, daemon=True).start()
        self.connect()
        self.join()
        while True:
            print("\n1 ADD, 2 LOOKUP, 3 LIST, 4 GET, 5 EXIT", flush=True)
            choice = input("choice? ")
            if choice == "5":
                break
            try:
                self.act(choice)
            except (OSError, ValueError) as error:
                self.tell(error)
        self.leave()

    def tell(self, error: Exception) -> None:
        print("failed:", error)

    def connect(self) -> None:
        self.index = socket.create_connection(("127.0.0.1", self.index_port))

    def join(self) -> None:
        for number, (_, title) in list(self.documents.items()):
            self.add(number, title)

    def leave(self) -> None:
        self.index.close()

    def act(self, choice: str) -> None:
        if choice == "1":
            self.add(int(input("number? ")), input("title? "))
        elif choice == "2":
            self.lookup(int(input("number? ")), input("title? "))
        elif choice == "3":
            self.list_all()
        elif choice == "4":
            self.get(int(input("number? ")))

    # Requests.

    def add(self, number: int, title: str) -> list[str]:
        return self.ask(self.write(self.add_line(number), self.add_headers(title)))

    def lookup(self, number: int, title: str) -> list[str]:
        return self.ask(self.write(self.lookup_line(number), self.lookup_headers(title)))

    def list_all(self) -> list[str]:
        return self.ask(self.write(self.list_line(), self.list_headers()))

    def add_line(self, number: int) -> str:
        return f"ADD RFC {number} P2P-CI/1.0"

    def lookup_line(self, number: int) -> str:
        return f"LOOKUP RFC {number} P2P-CI/1.0"

    def list_line(self) -> str:
        return "LIST ALL P2P-CI/1.0"

    def get_line(self, number: int) -> str:
        return f"GET RFC {number} P2P-CI/1.0"

    def add_headers(self, title: str) -> dict[str, str]:
        return {"Host": "127.0.0.1", "Port": str(self.port), "Title": title}

    def lookup_headers(self, title: str) -> dict[str, str]:
        return {"Host": "127.0.0.1", "Port": str(self.port), "Title": title}

    def list_headers(self) -> dict[str, str]:
        return {"Host": "127.0.0.1", "Port": str(self.port)}

    def get_headers(self, host: str) -> dict[str, str]:
        return {"Host": host, "OS": "Linux 6.1"}

    def write(self, line: str, headers: dict[str, str]) -> str:
        return "".join([f"{line}\r\n", *(f"{name}: {value}\r\n" for name, value in headers.items()), "\r\n"])

    def send(self, connection: socket.socket, request: str) -> None:
        connection.sendall(request.encode())

    # Answers of the index.

    def ask(self, request: str) -> list[str]:
        """Send a request, show the answer, and give its lines."""
        self.drop_unread()
        self.send(self.index, request)
        answer = self.read_answer()
        self.show(answer)
        return answer

    def drop_unread(self) -> None:
        self.unread = b""
        self.index.settimeout(0.001)
        with suppress(TimeoutError):
            self.index.recv(65536)

    def show(self, lines: list[str]) -> None:
        print(*lines, sep="\n", flush=True)

    def read_answer(self) -> list[str]:
        lines: list[str] = []
        blanks = 0
        while True:
            line = self.read_line(lines)
            if line is None:
                return lines
            if not lines and not line:
                continue  # a blank line before the status line
            lines.append(line)
            if len(lines) == 1:
                self.check_status(line)
            elif not line:
                blanks += 1
                if self.code(lines[0]) != "200" or blanks == 2 or any(map(self.is_record, lines)):
                    return lines

    def read_line(self, lines: list[str]) -> str | None:
        """Read a line; None when an answer that has begun does not go on."""
        self.index.settimeout(0.2 if lines else None)
        while b"\n" not in self.unread:
            try:
                data = self.receive()
            except TimeoutError:
                return None
            if not data:
                raise OSError("the index has gone")
            self.unread += data
        line, _, self.unread = self.unread.partition(b"\n")
        return line.decode().rstrip("\r")

    def receive(self) -> bytes:
        return self.index.recv(65536)

    def code(self, status: str) -> str:
        words = status.split()
        return next((word for word in words[:2] if not word.startswith("P2P-CI/")), "")

    def check_status(self, line: str) -> None:
        if not (self.code(line).isdigit() and len(self.code(line)) == 3):
            raise ValueError(f"{line!r} is no answer")

    def is_record(self, line: str) -> bool:
        return line.startswith("RFC") and self.to_place(line) is not None

    def to_place(self, line: str) -> tuple[str, int, str] | None:
        """Give host, port and title of a record."""
        words = line.removeprefix("RFC").lstrip(" :").split()
        if len(words) < 3 or not words[-1].isdigit():
            return None
        return words[-2], int(words[-1]), " ".join(words[1:-2])

    # Downloads.

    def get(self, number: int) -> None:
        answer = self.lookup(number, "")
        for host, port, title in filter(
            None, (self.to_place(line) for line in answer if self.is_record(line))
        ):
            try:
                self.download(number, host, port, title)
            except OSError as error:
                print("failed:", error)
            else:
                self.add(number, title)
                return

    def download(self, number: int, host: str, port: int, title: str) -> None:
        with self.dial(host, port) as connection:
            connection.settimeout(0.5)
            self.send(connection, self.write(self.get_line(number), self.get_headers(host)))
            with connection.makefile("rb") as file:
                self.check_holder(file.readline())
                body = self.read_body(file, self.size_in(self.read_headers(file)))
        self.documents[number] = (body, title)

    def dial(self, host: str, port: int) -> socket.socket:
        return socket.create_connection((host, port))

    def check_holder(self, status: bytes) -> None:
        if self.code(status.decode()) != "200":
            raise OSError(status or "the holder said nothing")

    def read_headers(self, file: BufferedReader) -> dict[str, str]:
        headers = {}
        while line := file.readline().decode().strip():
            name, _, value = line.partition(":")
            headers[self.key(name)] = value.strip()
        return headers

    def key(self, name: str) -> str:
        return name.lower()

    def size_in(self, headers: dict[str, str]) -> int:
        if self.key("Content-Length") not in headers:
            raise OSError("the holder does not say how long it is")
        return int(headers[self.key("Content-Length")])

    def read_body(self, file: BufferedReader, size: int) -> bytes:
        body = file.read(size)
        if len(body) < size:
            raise OSError("the document is not whole")
        return body

    # Uploads.

    def serve_uploads(self) -> None:
        while True:
            connection, _ = self.uploads.accept()
            with connection, connection.makefile("rb") as file:
                number = int(file.readline().split()[2])
                while file.readline().strip():
                    pass
                connection.sendall(self.document(number))

    def document(self, number: int) -> bytes:
        found = self.documents.get(number)
        if not found:
            return b"P2P-CI/1.0 404 Not Found\r\n\r\n"
        return HEAD.format(size=len(found[0])).encode() + found[0]
