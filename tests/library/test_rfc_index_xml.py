"""Entries read from an index file of the RFC Editor's XML form, and files that only have its name."""

import tracemalloc
from collections.abc import Iterator

import pytest

from p2pci.library.entries import MAX_ENTRIES, Entry, NoIndexError
from p2pci.library.rfc_index_xml import entries_from_xml
from tests.library.indexes import XML_END, XML_HEAD, xml_entry

WHOLE = (
    XML_HEAD
    + """
    <bcp-entry>
        <doc-id>BCP0014</doc-id>
        <is-also><doc-id>RFC0123</doc-id></is-also>
    </bcp-entry>
    <rfc-not-issued-entry>
        <doc-id>RFC0014</doc-id>
    </rfc-not-issued-entry>
    <rfc-entry>
        <doc-id>RFC0123</doc-id>
        <title>Some &amp; Other
            Thing&#233;</title>
        <author><name>A. Example</name></author>
        <author>
            <name>B. Sample</name>
            <title>Editor</title>
        </author>
        <date><month>April</month><day>1</day><year>1999</year></date>
        <format><file-format>ASCII</file-format></format>
        <keywords><kw>title</kw></keywords>
        <abstract><p>Of no use here.</p></abstract>
        <obsoletes><doc-id>RFC0066</doc-id><doc-id>RFC0080</doc-id></obsoletes>
        <obsoleted-by><doc-id>RFC0165</doc-id></obsoleted-by>
        <updates><doc-id>RFC0098</doc-id></updates>
        <updated-by><doc-id>RFC0127</doc-id><doc-id>RFC7100</doc-id></updated-by>
        <is-also><doc-id>STD0005</doc-id><doc-id>BCP0014</doc-id></is-also>
        <see-also><doc-id>IEN0048</doc-id></see-also>
        <current-status>INTERNET STANDARD</current-status>
        <publication-status>PROPOSED STANDARD</publication-status>
        <doi>10.17487/RFC0123</doi>
    </rfc-entry>
    <std-entry>
        <doc-id>STD0005</doc-id>
        <title>A Standard</title>
        <is-also><doc-id>RFC0123</doc-id></is-also>
    </std-entry>
"""
    + XML_END
).encode()


def test_entry_says_what_became_of_a_document_and_other_series_have_none() -> None:
    assert entries_from_xml([WHOLE]) == {
        14: Entry(14, status="NOT ISSUED", is_issued=False),
        123: Entry(
            123,
            title="Some & Other Thingé",
            authors=("A. Example", "B. Sample"),
            date="1 April 1999",
            status="INTERNET STANDARD",
            obsoletes=("RFC 66", "RFC 80"),
            obsoleted_by=("RFC 165",),
            updates=("RFC 98",),
            updated_by=("RFC 127", "RFC 7100"),
            also=("STD 5", "BCP 14"),
        ),
    }


def test_file_may_come_in_pieces_of_any_size() -> None:
    assert entries_from_xml(bytes([byte]) for byte in WHOLE) == entries_from_xml([WHOLE])


def test_namespace_may_be_the_older_one_or_have_a_prefix() -> None:
    older = WHOLE.replace(b"https://www.rfc-editor.org/rfc-index", b"http://www.rfc-editor.org/rfc-index")
    prefixed = (
        b'<r:rfc-index xmlns:r="https://www.rfc-editor.org/rfc-index"><r:rfc-entry>'
        b"<r:doc-id>RFC0007</r:doc-id><r:title>Seven</r:title><title>Other</title>"
        b"</r:rfc-entry></r:rfc-index>"
    )

    assert entries_from_xml([older]) == entries_from_xml([WHOLE])
    assert entries_from_xml([prefixed]) == {7: Entry(7, title="Seven")}


BOMB = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
OUTSIDE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize(
    "text,reason",
    [
        ("", "no well-formed XML .no element found"),
        ("hello", "no well-formed XML"),
        (WHOLE.decode()[:-20], "no well-formed XML"),
        (WHOLE.decode().replace("</date>", ""), "no well-formed XML .mismatched tag"),
        (WHOLE.decode() + "<more/>", "no well-formed XML"),
        (WHOLE.decode().replace("&amp;", "&nbsp;"), "no well-formed XML .undefined entity"),
        (BOMB + XML_HEAD.split("\n", 1)[1] + xml_entry(7, "&b;") + XML_END, "has a DOCTYPE"),
        (OUTSIDE + XML_HEAD.split("\n", 1)[1] + xml_entry(7, "&a;") + XML_END, "has a DOCTYPE"),
        ("<!-- x --><!DOCTYPE rfc-index><rfc-index/>", "has a DOCTYPE"),
        ("<rfc-index><rfc-entry/></rfc-index>", "XML of another kind"),
        ("<html/>", "XML of another kind"),
        (XML_HEAD + XML_END, "not one entry"),
        (XML_HEAD + "<rfc-entry><title>x</title></rfc-entry>" + XML_END, "not one entry"),
        (XML_HEAD + "<rfc-entry><doc-id>RFC0</doc-id></rfc-entry>" + XML_END, "not one entry"),
        (XML_HEAD + "<rfc-entry><doc-id>BCP1</doc-id></rfc-entry>" + XML_END, "not one entry"),
        (XML_HEAD + "<x><rfc-entry><doc-id>RFC1</doc-id></rfc-entry></x>" + XML_END, "not one entry"),
    ],
)  # fmt: skip
def test_what_is_no_index_is_refused_in_words(text: str, reason: str) -> None:
    with pytest.raises(NoIndexError, match=reason):
        entries_from_xml([text.encode()])


@pytest.mark.parametrize("encoding", ["utf-16", "utf-7", "idna", "x-nothing", "shift_jis", "unicode_escape"])
def test_encoding_that_it_names_is_never_an_exception_of_another_kind(encoding: str) -> None:
    said = WHOLE.replace(b'encoding="UTF-8"', f'encoding="{encoding}"'.encode())

    assert entries_from_xml([said]) == entries_from_xml([WHOLE])


def test_far_too_many_entries_are_no_index() -> None:
    entries = (xml_entry(number, "x").encode() for number in range(1, MAX_ENTRIES + 2))

    with pytest.raises(NoIndexError, match="more documents than there can be"):
        entries_from_xml(_between(XML_HEAD, entries))


@pytest.mark.slow
@pytest.mark.parametrize(
    "unit",
    ["<a>", "<author><name>A. Example</name></author>", "<a/>", "<a>text</a>", "<title>", "<title>x</title>"],
)
def test_memory_does_not_grow_with_the_file(unit: str) -> None:
    """Nested without end, or one entry without end: 4 MB of it stay below 1 MB."""
    entry = "<rfc-entry><doc-id>RFC0007</doc-id>"
    piece = (unit * (100_000 // len(unit))).encode()
    tracemalloc.start()
    try:
        with pytest.raises(NoIndexError, match=r"no well-formed XML|nested too deeply"):
            entries_from_xml(_between(XML_HEAD + entry, (piece for _ in range(40))))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 1_000_000


def _between(head: str, pieces: Iterator[bytes]) -> Iterator[bytes]:
    yield head.encode()
    yield from pieces
