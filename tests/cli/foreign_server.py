"""Index servers as others write them, each with its fault: `python foreign_server.py PORT FAULT`.

Port 0 takes a free one, which is printed. It speaks of itself on standard output only.
"""

from __future__ import annotations

import os
import socket
import struct
import sys
import threading
from collections.abc import Callable

Answer = Callable[[socket.socket, list[str]], None]
RECORDS: list[str] = []


def answer_well(connection: socket.socket, head: list[str]) -> None:
    method, _, number, *_ = [*head[0].split(), "", ""]
    headers = dict(line.split(": ", 1) for line in head[1:])
    if method == "ADD":
        record = f"RFC {number} {headers['Title']} {headers['Host']} {headers['Port']}\r\n"
        RECORDS.append(record)
        found = [record]
    else:
        found = [record for record in RECORDS if method == "LIST" or record.startswith(f"RFC {number} ")]
    status = "200 OK" if found else "404 Not Found"
    connection.sendall(f"P2P-CI/1.0 {status}\r\n\r\n{''.join(found)}\r\n".encode())


def answer_in_lf(connection: socket.socket, head: list[str]) -> None:
    connection.sendall(b"P2P-CI/1.0 200 OK\n\n" + f"RFC 1 T h {head[-1].split()[-1]}\n\n".encode())


def answer_hostile(connection: socket.socket, head: list[str]) -> None:
    connection.sendall(
        b"\x1b[2J\x1b]0;owned\x07\xe2\x80\xae\xe2\x80\xa8\xff\x00<script>alert(1)</script>\r\n\r\n"
    )


def answer_endlessly(connection: socket.socket, head: list[str]) -> None:
    while True:
        connection.sendall(b"RFC " * 65536)


def answer_never(connection: socket.socket, head: list[str]) -> None:
    pass


def reset(connection: socket.socket, head: list[str]) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def die(connection: socket.socket, head: list[str]) -> None:
    print("IndexError: \x1b[31mlist index out of range", flush=True)
    os._exit(3)


FAULTS: dict[str, Answer] = {
    "none": answer_well,
    "lf": answer_in_lf,
    "hostile": answer_hostile,
    "endless": answer_endlessly,
    "silent": answer_never,
    "reset": reset,
    "dies": die,
}


def serve(connection: socket.socket, answer: Answer) -> None:
    try:
        with connection.makefile("rb") as lines:
            head: list[str] = []
            for line in lines:
                if text := line.decode(errors="replace").rstrip("\r\n"):
                    head.append(text)
                elif head:
                    answer(connection, head)
                    head = []
    except (OSError, ValueError, LookupError):
        connection.close()


def main() -> None:
    port, fault = int(sys.argv[1]), FAULTS[sys.argv[2]]
    with socket.create_server(("127.0.0.1", port)) as listening:
        print(f"listening on {listening.getsockname()[1]}", flush=True)
        while True:
            connection, _ = listening.accept()
            threading.Thread(target=serve, args=(connection, fault), daemon=True).start()


if __name__ == "__main__":
    main()
