"""File names and numbers."""

import pytest
from hypothesis import given, strategies as st

from p2pci.errors import InvalidValueError
from p2pci.library.names import MAX_NUMBER, document_name, document_number


@pytest.mark.parametrize(
    "name,number",
    [
        ("rfc3457.txt", 3457),
        ("rfc0123.txt", 123),
        ("rfc00000000000000007.txt", 7),
        ("RFC123.TXT", 123),
        ("Rfc7.Txt", 7),
        ("rfc4294967295.txt", 4_294_967_295),
    ],
)
def test_number_is_read_from_the_names_that_people_use(name: str, number: int) -> None:
    assert document_number(name) == number


@pytest.mark.parametrize(
    "name",
    [
        "rfc0.txt",
        "rfc.txt",
        "rfc-1.txt",
        "rfc+1.txt",
        "rfc1_000.txt",
        "rfc 1.txt",
        "rfc1.txt ",
        "rfc1.txt\n",
        " rfc1.txt",
        "rfc1.txt.bak",
        ".rfc1.txt",
        "xrfc1.txt",
        "rfc1txt",
        "rfc1.pdf",
        "rfc-index.txt",
        "rfc4294967296.txt",
        "rfc99999999999999999999.txt",
        "rfc١٢.txt",  # noqa: RUF001 - digits of another script
        "rfc１.txt",  # noqa: RUF001
        "a/rfc1.txt",
        "../rfc1.txt",
        "rfc1.txt\0",
        "",
    ],
)
def test_any_other_name_is_no_document(name: str) -> None:
    assert document_number(name) is None


@given(st.integers(1, MAX_NUMBER))
def test_name_and_number_are_inverse(number: int) -> None:
    assert document_number(document_name(number)) == number


@given(st.text())
def test_any_name_gives_a_number_in_range_or_none(name: str) -> None:
    for candidate in (name, f"rfc{name}.txt"):
        number = document_number(candidate)
        assert number is None or 1 <= number <= MAX_NUMBER


@pytest.mark.parametrize("number", [0, -1, MAX_NUMBER + 1])
def test_number_out_of_range_has_no_name(number: int) -> None:
    with pytest.raises(InvalidValueError, match="Give a number from 1"):
        document_name(number)
