"""The Port that a client reports is read as the protocol has it, or is a deviation: whatever it sends."""

import pytest

from p2pci.checker.cases import Deviation
from p2pci.checker.client.joining import port_of
from p2pci.checker.messages import SeenRequest
from p2pci.checker.reading import read_request


def request_with(port: bytes) -> SeenRequest:
    found = read_request(b"LIST ALL P2P-CI/1.0\r\nHost: h\r\nPort: %b\r\n\r\n" % port, is_over=True)
    assert found
    return found[0]


def test_port_is_read() -> None:
    assert port_of(request_with(b"63235")) == 63235


@pytest.mark.parametrize("port", [b"", b"0", b"-1", b"65536", b"http", b"00000000801234567", b"0" * 5000])
def test_what_is_no_port_is_a_deviation(port: bytes) -> None:
    with pytest.raises(Deviation, match="the Port is no port"):
        port_of(request_with(port))
