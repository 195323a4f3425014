"""An index server as it is written for a course, with two faults; `p2pci check` finds them in a picture.

`python3 student_server.py PORT`. One thread for each peer; nothing of p2pci is in it.
"""

from __future__ import annotations

import socket
import sys
import threading
from typing import BinaryIO

records: list[tuple[str, str, str, str]] = []
lock = threading.Lock()


def read_head(stream: BinaryIO) -> list[str]:
    head = []
    while line := stream.readline().decode().strip():
        head.append(line)
    return head


def answer(head: list[str]) -> str:
    words = head[0].split()
    headers = dict(line.split(": ", 1) for line in head[1:] if ": " in line)
    if words[-1] != "P2P-CI/1.0":
        return "P2P-CI/1.0 505 P2P-CI Version Not Supported\r\n\r\n\r\n"
    if words[0] == "ADD":
        records.insert(0, (words[2], headers["Title"], headers["Host"], headers["Port"]))
        found = records[:1]
    elif words[0] == "LOOKUP":
        found = [record for record in records if record[0] == words[2]]
        if not found:
            return "P2P-CI/1.0 404 Not Found\r\n\r\n\r\n"
    elif words[0] == "LIST":
        found = records
    else:
        return "P2P-CI/1.0 400 Bad Request\r\n\r\n\r\n"
    lines = "".join(f"RFC {' '.join(record)}\n" for record in found)  # the first fault: no CR
    return f"P2P-CI/1.0 200 OK\r\n\r\n{lines}\r\n"


def serve(connection: socket.socket) -> None:
    with connection, connection.makefile("rb") as stream:
        while head := read_head(stream):
            with lock:
                text = answer(head)
            connection.sendall(text.encode())
    # The second fault: what this peer registered stays.


def main() -> None:
    with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as listening:
        print("Listening", flush=True)
        while True:
            connection, _ = listening.accept()
            threading.Thread(target=serve, args=(connection,), daemon=True).start()


if __name__ == "__main__":
    main()
