"""A server of the original kind, to measure against.

A thread for each peer, lists under a lock, one byte a recv.

    python3 bench/programs/threads.py

Prints the port of 127.0.0.1 that it listens on, and runs until it is killed.

It knows ADD and LOOKUP, and of checks only what it cannot do without.
"""

import socket
import threading
from contextlib import suppress

records: list[tuple[int, str, str, int]] = []
lock = threading.Lock()


def read_request(connection: socket.socket) -> list[str]:
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        byte = connection.recv(1)
        if not byte:
            return []
        head += byte
    return head.decode().split("\r\n")


def answer(lines: list[str]) -> bytes:
    method, _, number, _ = lines[0].split()
    headers = dict(line.split(": ", 1) for line in lines[1:] if line)
    with lock:
        if method == "ADD":
            found = [(int(number), headers["Title"], headers["Host"], int(headers["Port"]))]
            records[:0] = found
        else:
            found = [record for record in records if record[0] == int(number)]
    if not found:
        return b"P2P-CI/1.0 404 Not Found\r\n\r\n\r\n"
    text = "".join(f"RFC {number} {title} {host} {port}\r\n" for number, title, host, port in found)
    return f"P2P-CI/1.0 200 OK\r\n\r\n{text}\r\n".encode()


def serve(connection: socket.socket) -> None:
    with connection, suppress(OSError):  # who has gone is not told
        while lines := read_request(connection):
            connection.sendall(answer(lines))


def main() -> None:
    listening = socket.create_server(("127.0.0.1", 0), backlog=128)
    print(listening.getsockname()[1], flush=True)
    while True:
        connection, _ = listening.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=serve, args=(connection,), daemon=True).start()


if __name__ == "__main__":
    main()
