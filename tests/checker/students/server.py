"""An index server as it is written for the course: a thread for each peer, two lists under a lock.

    python3 tests/checker/students/server.py [PORT] [--one-recv] [--println] [--keeps-after-reset]

Prints the port of 127.0.0.1 that it listens on, any free one without PORT, and runs until it is killed. Each
option puts in a fault that is found in many such programs; without any it does what the course text says.
"""

import socket
import sys
import threading

PORT = int(sys.argv[1]) if sys.argv[1:] and sys.argv[1].isdigit() else 0
ONE_RECV = "--one-recv" in sys.argv
PRINTLN = "--println" in sys.argv
KEEPS_AFTER_RESET = "--keeps-after-reset" in sys.argv

VERSION = "P2P-CI/1.0"
END = "\n" if PRINTLN else "\r\n"

Record = tuple[int, str, str, int]  # number, title, hostname, port

peers: list[tuple[str, int]] = []  # (hostname, port), newest first
rfcs: list[Record] = []  # newest first
lock = threading.Lock()


class BadRequest(Exception):  # noqa: N818 - as a student names it
    pass


def read_request(connection: socket.socket, buffer: bytes) -> tuple[str, bytes]:
    """Give the next request as text, and what was read behind it; "" when the peer has left."""
    if ONE_RECV:
        return connection.recv(1024).decode(), b""
    while b"\r\n\r\n" not in buffer:
        data = connection.recv(1024)
        if not data:
            return "", b""
        buffer += data
    request, _, rest = buffer.partition(b"\r\n\r\n")
    return request.decode(errors="replace"), rest


def parse(request: str) -> tuple[list[str], dict[str, str]]:
    lines = request.strip().split("\r\n")
    words = lines[0].split()
    if len(words) < 3:
        raise BadRequest
    headers = {}
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if not colon:
            raise BadRequest
        headers[name.strip()] = value.strip()
    return words, headers


def answer(status: str, records: list[Record] | None = None) -> str:
    lines = [f"{VERSION} {status}", ""]
    lines += [f"RFC {number} {title} {host} {port}" for number, title, host, port in records or []]
    return "".join(line + END for line in [*lines, ""])


def handle(request: str, mine: list[Record]) -> str:
    words, headers = parse(request)
    if words[-1] != VERSION:
        return answer("505 P2P-CI Version Not Supported")
    if "Host" not in headers or not headers.get("Port", "").isdigit():
        raise BadRequest
    if words[:2] == ["LIST", "ALL"]:
        with lock:
            return answer("200 OK", list(rfcs))
    if len(words) != 4 or words[1] != "RFC" or not words[2].isdigit():
        raise BadRequest
    if words[0] == "ADD":
        record = (int(words[2]), headers.get("Title", ""), headers["Host"], int(headers["Port"]))
        with lock:
            if record not in rfcs:
                rfcs.insert(0, record)
                mine.append(record)
            if record[2:] not in peers:
                peers.insert(0, record[2:])
        return answer("200 OK", [record])
    if words[0] == "LOOKUP":
        with lock:
            found = [record for record in rfcs if record[0] == int(words[2])]
        return answer("200 OK", found) if found else answer("404 Not Found")
    raise BadRequest


def leave(mine: list[Record]) -> None:
    with lock:
        for record in mine:
            if record in rfcs:
                rfcs.remove(record)
            if record[2:] in peers:
                peers.remove(record[2:])


def serve(connection: socket.socket) -> None:
    mine: list[Record] = []
    buffer = b""
    try:
        while True:
            request, buffer = read_request(connection, buffer)
            if not request:
                break
            try:
                text = handle(request, mine)
            except BadRequest:
                text = answer("400 Bad Request")
            connection.sendall(text.encode())
    except OSError:
        if KEEPS_AFTER_RESET:
            return
    finally:
        connection.close()
        if not KEEPS_AFTER_RESET:
            leave(mine)
    if KEEPS_AFTER_RESET:
        leave(mine)


def main() -> None:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(("127.0.0.1", PORT))
    listening.listen(5)
    print(listening.getsockname()[1], flush=True)
    while True:
        connection, _ = listening.accept()
        threading.Thread(target=serve, args=(connection,), daemon=True).start()


if __name__ == "__main__":
    main()
