"""Reading what people type."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from p2pci.cli.settings import load_settings, parse_address, parse_listening_port, parse_numbers, parse_ranges
from p2pci.errors import InvalidValueError


@pytest.mark.parametrize(
    "text,address",
    [
        ("localhost", ("localhost", 7734)),
        (" localhost ", ("localhost", 7734)),
        ("localhost:80", ("localhost", 80)),
        ("192.0.2.7:65535", ("192.0.2.7", 65535)),
        ("::1", ("::1", 7734)),
        ("fe80::1%eth0", ("fe80::1%eth0", 7734)),
        ("[::1]", ("::1", 7734)),
        ("[::1]:80", ("::1", 80)),
        ("2001:db8::7:80", ("2001:db8::7:80", 7734)),
        ("[fe80::1%eth0]:80", ("fe80::1%eth0", 80)),
        ("Mac.lan:007", ("Mac.lan", 7)),
    ],
)
def test_address(text: str, address: tuple[str, int]) -> None:
    assert parse_address(text) == address


def test_port_left_out_is_the_default() -> None:
    assert parse_address("Mac.lan", default_port=0) == ("Mac.lan", 0)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        ":80",
        "host:",
        "host:x",
        "host:0",
        "host:65536",
        "host:-1",
        "[::1]:",
        "[]",
        "[]:80",
        "host:8_0",
        "a:b:c",
        "http://host:80/",
        "http://host",
        "host/",
        "two words",
        "host:port:1",
        "host:80:",
        "[host]:80",
        "1:2:3:4:5:6:7:8:9",
    ],
)
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(InvalidValueError, match=r"is not an address\. Write|is no port\. Give"):
        parse_address(text)


@pytest.mark.parametrize("text", ["http://host:80/", "http://host", "a:b:c", "host/"])
def test_what_is_no_address_is_shown_whole(text: str) -> None:
    with pytest.raises(InvalidValueError, match=f"^'{text}' is not an address"):
        parse_address(text)


@settings(deadline=None)
@given(st.text())
def test_any_text_is_an_address_or_refused(text: str) -> None:
    try:
        host, port = parse_address(text)
    except InvalidValueError:
        return
    assert host
    assert 1 <= port <= 65535


@pytest.mark.parametrize("text,port", [("0", 0), (" 0 ", 0), ("1", 1), ("65535", 65535)])
def test_listening_port(text: str, port: int) -> None:
    assert parse_listening_port(text) == port


@pytest.mark.parametrize("text", ["", "65536", "-1", "x", "0x10", "\uff11", "\udcff"])
def test_what_is_no_listening_port(text: str) -> None:
    with pytest.raises(InvalidValueError):
        parse_listening_port(text)


@pytest.mark.parametrize(
    "words,numbers",
    [
        (["3457"], [3457]),
        (["1-3"], [1, 2, 3]),
        (["5-5"], [5]),
        (["9", "1-3", "2", "9"], [9, 1, 2, 3]),
        (["007"], [7]),
        (["RFC20", "rfc0021", "Rfc1-RFC3"], [20, 21, 1, 2, 3]),
        (["4294967295"], [4294967295]),
        (["1-100000"], list(range(1, 100_001))),
        ([], []),
    ],
)
def test_numbers(words: list[str], numbers: list[int]) -> None:
    assert parse_numbers(words) == numbers


@pytest.mark.parametrize(
    "word",
    [
        *("", "0", "x", "-", "1-", "-1", "3-1", "1-2-3", "1,2", "1 2", "+5", "١٢", "4294967296", "\udcff"),
        *("RFC", "RFC 20", "RFC-20", "rfcrfc20", "rfc٢", "20rfc", "rfc20.txt"),
    ],
)
def test_what_is_no_number(word: str) -> None:
    with pytest.raises(InvalidValueError):
        parse_numbers([word])


@pytest.mark.parametrize("word", ["1-", "-1", "-"])
def test_range_with_an_end_left_out_says_so(word: str) -> None:
    for read in (parse_ranges, lambda word: parse_numbers([word])):
        with pytest.raises(InvalidValueError, match=f"'{word}' is a range with an end left out. Write both"):
            read(word)


def test_too_long_a_range_says_so() -> None:
    with pytest.raises(InvalidValueError, match="too many"):
        parse_numbers(["1-4294967295"])


@settings(deadline=None)
@given(st.lists(st.integers(1, 2**32 - 1), max_size=20))
def test_each_number_comes_once_in_the_order_given(numbers: list[int]) -> None:
    assert parse_numbers(map(str, numbers)) == list(dict.fromkeys(numbers))


def test_settings_are_those_of_the_flags(tmp_path: Path) -> None:
    path = tmp_path / "p2pci.toml"
    path.write_text('[server]\ntrust-hosts = true\nport = 7735\n[list]\nserver = "é"\n', encoding="utf-8")
    read = load_settings(path)
    assert list(read) == ["server", "list"]
    assert read["list"] == {"server": "é"}


def test_no_file_is_no_setting(tmp_path: Path) -> None:
    assert load_settings(tmp_path / "p2pci.toml") == {}


@pytest.mark.parametrize("data", [b"[", b"\xff", b"a = ", b"[a]\n[a]"])
def test_file_that_is_no_toml_is_named(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "p2pci.toml"
    path.write_bytes(data)
    with pytest.raises(InvalidValueError, match=r"p2pci\.toml.*(Mend|Put|Write)"):
        load_settings(path)


@pytest.mark.parametrize(
    "text,said",
    [
        ("[bundle.export]\nlibrary = 'x'\n", r"\[bundle\.export\] is a table, .* below \[bundle\], as in"),
        ("[peer]\nshare = [1, 2]\n", r"'share' in \[peer\] is a list\. Write one value in quotes"),
        ("[[peer]]\nshare = 1\n", r"'peer' is in no table\. Put it below"),
    ],
)
def test_table_or_list_in_place_of_a_value_is_named(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "p2pci.toml"
    path.write_text(text)
    with pytest.raises(InvalidValueError, match=said):
        load_settings(path)
