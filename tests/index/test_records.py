"""The index, fact by fact; that the facts hold in any order of events is for `test_model`."""

from __future__ import annotations

from itertools import count
from time import perf_counter

import pytest

from p2pci.index import Index, Member, records
from p2pci.index.lines import BATCH_BYTES
from p2pci.protocol.extensions import PLAIN, Copy, Options

OLD, NEW = Copy(9, b"\x01" * 32), Copy(10, b"\x02" * 32)


def lookup(index: Index, number: int, options: Options = PLAIN) -> list[str]:
    answer = index.lookup(number, options)
    return (answer if isinstance(answer, bytes) else b"".join(answer)).decode().splitlines()


def list_all(index: Index, options: Options = PLAIN) -> list[str]:
    return b"".join(index.list_all(options)).decode().splitlines()


def kept_lines(index: Index) -> list[bytes]:
    return [document.lines for document in index._documents.values() if document.lines is not None]


def test_empty_index_has_no_lines(index: Index) -> None:
    assert index.lookup(7) == b""
    assert list(index.list_all()) == []
    assert (index.member_count, index.record_count) == (0, 0)


def test_lookup_starts_with_the_peer_that_joined_last(index: Index) -> None:
    """P-2.7, whoever was the last to add."""
    old, middle, new = (index.join("h", port) for port in (1, 2, 3))
    for member in (new, middle, old):
        index.add(member, 7, "Seven")
    assert lookup(index, 7) == ["RFC 7 Seven h 3", "RFC 7 Seven h 2", "RFC 7 Seven h 1"]


def test_lookup_starts_with_the_newest_title_of_the_newest_peer(index: Index) -> None:
    old, new = index.join("h", 1), index.join("h", 2)
    index.add(new, 7, "New")
    index.add(old, 7, "Old")
    assert lookup(index, 7) == ["RFC 7 New h 2", "RFC 7 Old h 1"]


def test_lookup_starts_with_the_newest_of_the_lines_that_are_shown(index: Index) -> None:
    """P-2.7: the newest holder of "Seven" is not shown, so that title does not come first for it."""
    first = index.join("other", 9)
    before, after = index.join("h", 1), index.join("h", 1)
    index.add(first, 7, "Seven")
    index.add(after, 7, "Seven")
    index.add(before, 7, "Corrected")
    assert lookup(index, 7) == ["RFC 7 Corrected h 1", "RFC 7 Seven other 9"]


def test_list_ascends_by_number(index: Index) -> None:
    """P-2.7: as numbers, not as text."""
    member = index.join("h", 1)
    for number in (4294967295, 10, 2, 2345):
        index.add(member, number, "")
    assert [line.split()[1] for line in list_all(index)] == ["2", "10", "2345", "4294967295"]


def test_same_add_again_is_the_same_record(index: Index) -> None:
    """P-4.11."""
    member = index.join("h", 1)
    assert index.add(member, 7, "Seven") == index.add(member, 7, "Seven")
    assert list_all(index) == ["RFC 7 Seven h 1"]
    assert index.record_count == 1


def test_new_title_replaces_the_old_one(index: Index) -> None:
    """P-4.11: and that of nobody else."""
    member, other = index.join("h", 1), index.join("h", 2)
    index.add(other, 7, "Sevn")
    index.add(member, 7, "Sevn")
    assert index.add(member, 7, "Seven") == b"RFC 7 Seven h 1\r\n"
    assert lookup(index, 7) == ["RFC 7 Sevn h 2", "RFC 7 Seven h 1"]


def test_what_nobody_else_has_is_not_taken_without_room() -> None:
    index = Index(max_edition_bytes=1200)
    first, second = index.join("h", 1), index.join("h", 2)
    assert index.add(first, 7, "Seven")
    assert index.add(first, 8, "Eight")
    for number, title in ((9, "Nine"), (7, "Another title")):
        assert index.add(first, number, title) == b""
        assert index.add_run(first, [b"%d\0%b" % (number, title.encode())]) == []
    assert index.add(second, 7, "Seven")
    assert lookup(index, 7) == ["RFC 7 Seven h 2", "RFC 7 Seven h 1"]
    index.leave(first)
    assert index.add(second, 9, "Nine")
    assert list_all(index) == ["RFC 7 Seven h 2", "RFC 9 Nine h 2"]


def test_empty_title_stands_between_two_spaces(index: Index) -> None:
    """P-1.20."""
    assert index.add(index.join("h", 5), 7, "") == b"RFC 7  h 5\r\n"


class TestRuns:
    """Many requests of one connection at a time: the same as one by one, or not taken."""

    def test_adds_are_the_records_that_add_makes(self, index: Index) -> None:
        member = index.join("h", 1)
        assert index.add_run(member, [b"7\0Seven", b"10\0", b"7\0Seven"]) == [
            b"RFC 7 Seven ",
            b"RFC 10  ",
            b"RFC 7 Seven ",
        ]
        assert list_all(index) == ["RFC 7 Seven h 1", "RFC 10  h 1"]
        assert index.record_count == 2

    @pytest.mark.parametrize(
        "key", [b"0\0T", b"4294967296\0T", b"12345678901\0T", b"7", b"7\0\xff", b"x\0T", b""]
    )
    def test_adds_end_at_a_key_of_no_canonical_request(self, index: Index, key: bytes) -> None:
        assert index.add_run(index.join("h", 1), [b"8\0Eight", key, b"9\0Nine"]) == [b"RFC 8 Eight "]
        assert list_all(index) == ["RFC 8 Eight h 1"]

    def test_new_title_replaces_the_old_one_here_too(self, index: Index) -> None:
        """P-4.11."""
        member, other = index.join("h", 1), index.join("h", 2)
        index.add(member, 7, "Sevn")
        assert index.add_run(member, [b"7\0Seven", b"7\0Sept"]) == [b"RFC 7 Seven ", b"RFC 7 Sept "]
        index.add(other, 7, "Seven")
        assert index.add_run(member, [b"7\0Seven"]) == [b"RFC 7 Seven "]
        assert list_all(index) == ["RFC 7 Seven h 2", "RFC 7 Seven h 1"]
        assert index.record_count == 2

    def test_adds_show_at_once(self, index: Index) -> None:
        index.add(index.join("h", 1), 7, "Seven")
        assert len(lookup(index, 7)) == 1
        index.add_run(index.join("h", 2), [b"7\0Seven"])
        assert lookup(index, 7) == ["RFC 7 Seven h 2", "RFC 7 Seven h 1"]

    def test_lookups_end_at_what_nobody_has(self, index: Index) -> None:
        member = index.join("h", 1)
        index.add(member, 7, "Seven")
        index.add(member, 8, "Eight")
        seven, eight = b"RFC 7 Seven h 1\r\n", b"RFC 8 Eight h 1\r\n"
        assert index.lookup_run([b"7", b"8", b"7"]) == [seven, eight, seven]
        for nobodys in (b"9", b"07", b"", b"x"):
            assert index.lookup_run([b"7", nobodys, b"8"]) == [seven]

    def test_lookups_end_at_an_answer_that_streams(self, index: Index) -> None:
        for port in range(1, 6001):
            index.add(index.join("h", port), 7, "Seven")
        assert index.lookup_run([b"7"]) == []


class TestWhatIsAskedForBeyond:
    """Section 5: copies, a choice of holders and their count, and a part of the list."""

    @pytest.fixture
    def holders(self, index: Index) -> list[Member]:
        members = [index.join("h", port) for port in range(1, 6)]
        for member in members:
            index.add(member, 7, "Seven", copy=OLD if member.port < 3 else NEW)
        index.add(members[0], 8, "Eight")
        index.add(members[0], 10, "Ten")
        return members

    @pytest.mark.usefixtures("holders")
    def test_copies_are_told(self, index: Index) -> None:
        """P-5.8."""
        lines = lookup(index, 7, Options(wants_copies=True))
        assert sorted(lines) == [
            *(f"RFC 7 Seven h {port} 9 {OLD.digest.hex()}" for port in (1, 2)),
            *(f"RFC 7 Seven h {port} 10 {NEW.digest.hex()}" for port in (3, 4, 5)),
        ]
        assert lookup(index, 8, Options(wants_copies=True)) == ["RFC 8 Eight h 1 - -"]
        assert len(lookup(index, 7)) == 5

    @pytest.mark.usefixtures("holders")
    def test_some_holders_are_chosen_and_all_are_counted(self, index: Index) -> None:
        """P-5.12."""
        seen = set()
        for _ in range(200):
            lines = lookup(index, 7, Options(holders=2))
            assert len(set(lines)) == 2
            assert all(line.endswith(" 5") for line in lines)
            seen |= {line.split()[-2] for line in lines}
        assert seen == {"1", "2", "3", "4", "5"}
        assert lookup(index, 8, Options(holders=2, wants_copies=True)) == ["RFC 8 Eight h 1 - - 1"]

    @pytest.mark.usefixtures("holders")
    def test_list_begins_and_ends_where_it_is_told(self, index: Index) -> None:
        """P-5.13."""
        assert list_all(index, Options(first=8)) == ["RFC 8 Eight h 1", "RFC 10 Ten h 1"]
        assert list_all(index, Options(first=8, limit=1)) == ["RFC 8 Eight h 1"]
        assert list_all(index, Options(first=9, limit=5)) == ["RFC 10 Ten h 1"]
        assert list_all(index, Options(first=11)) == []
        listed = list_all(index, Options(holders=1, limit=2))
        assert [line.split()[1] for line in listed] == ["7", "8"]
        assert [line.split()[-1] for line in listed] == ["5", "1"]

    def test_new_copy_replaces_the_old_one(self, index: Index, holders: list[Member]) -> None:
        """P-4.11, P-5.7."""
        index.add(holders[0], 7, "Seven", copy=NEW)
        index.add(holders[1], 7, "Seven")
        assert [line.split()[-2] for line in sorted(lookup(index, 7, Options(wants_copies=True)))] == [
            *("10", "-", "10", "10", "10")
        ]
        assert index.record_count == 7

    def test_removed_record_is_gone_and_no_other(self, index: Index, holders: list[Member]) -> None:
        """P-5.9, P-5.10."""
        assert len(lookup(index, 7)) == 5
        assert index.remove(holders[0], 7) == b"RFC 7 Seven h 1\r\n"
        assert index.remove(holders[0], 7) == b""
        assert index.remove(holders[1], 8) == b""
        assert len(lookup(index, 7)) == 4
        assert list_all(index, Options(first=8)) == ["RFC 8 Eight h 1", "RFC 10 Ten h 1"]
        assert index.remove(holders[0], 8) == b"RFC 8 Eight h 1\r\n"
        assert lookup(index, 8) == []
        assert index.record_count == 5


class TestSameIdentity:
    """Two connections of one host and port (P-4.12)."""

    @pytest.fixture
    def before(self, index: Index) -> Member:
        return index.join("h", 1)

    @pytest.fixture
    def after(self, index: Index, before: Member) -> Member:
        return index.join("h", 1)

    def test_records_are_shown_once(self, index: Index, before: Member, after: Member) -> None:
        index.add(before, 7, "Seven")
        index.add(after, 7, "Seven")
        assert lookup(index, 7) == list_all(index) == ["RFC 7 Seven h 1"]
        assert index.record_count == 2

    def test_title_added_last_is_shown(self, index: Index, before: Member, after: Member) -> None:
        index.add(before, 7, "by the first")
        index.add(after, 7, "by the second")
        assert lookup(index, 7) == ["RFC 7 by the second h 1"]
        index.add(before, 7, "by the first again")
        assert lookup(index, 7) == ["RFC 7 by the first again h 1"]
        index.add(after, 7, "by the second again")
        assert lookup(index, 7) == ["RFC 7 by the second again h 1"]

    def test_end_of_the_old_one_takes_only_its_own(self, index: Index, before: Member, after: Member) -> None:
        index.add(before, 7, "Seven")
        index.add(before, 8, "Eight")
        index.add(after, 7, "Seven")
        assert index.leave(before)
        assert index.record_count == 1
        assert list_all(index) == ["RFC 7 Seven h 1"]

    def test_end_of_the_new_one_brings_back_the_title_of_the_old_one(
        self, index: Index, before: Member, after: Member
    ) -> None:
        index.add(before, 7, "by the first")
        index.add(after, 7, "by the second")
        index.leave(after)
        assert lookup(index, 7) == ["RFC 7 by the first h 1"]

    def test_many_of_them_cost_no_more_than_many_others(self, index: Index) -> None:
        """Whoever opens thousands of connections under one name must not stop the index for the others."""
        for _ in range(4000):
            index.add(index.join("h", 1), 7, "Seven")
        start = perf_counter()
        assert lookup(index, 7) == ["RFC 7 Seven h 1"]
        assert perf_counter() - start < 0.5  # 10 ms when it is linear, seconds when it is not


class TestCache:
    """Encoded lines are kept, but not for ever and never when they are no longer true."""

    def test_second_lookup_gives_the_same_bytes(self, index: Index) -> None:
        index.add(index.join("h", 1), 7, "Seven")
        assert index.lookup(7) is index.lookup(7)

    def test_every_change_of_a_document_shows_at_once(self, index: Index) -> None:
        first, second = index.join("h", 1), index.join("h", 2)
        index.add(first, 7, "Seven")
        assert len(lookup(index, 7)) == 1
        index.add(second, 7, "Seven")
        assert len(lookup(index, 7)) == 2
        index.add(second, 7, "Sept")
        assert lookup(index, 7)[0] == "RFC 7 Sept h 2"
        index.leave(second)
        assert lookup(index, 7) == ["RFC 7 Seven h 1"]
        index.leave(first)
        assert lookup(index, 7) == []

    def test_change_of_a_document_leaves_the_others_cached(self, index: Index) -> None:
        member = index.join("h", 1)
        index.add(member, 7, "Seven")
        index.add(member, 8, "Eight")
        kept = index.lookup(7)
        index.add(member, 8, "Acht")
        assert index.lookup(7) is kept

    def test_it_is_bounded(self, index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(records, "MAX_KEPT_BYTES", 1000)
        member = index.join("h", 1)
        for number in range(1, 200):
            index.add(member, number, "x" * 40)
            assert len(lookup(index, number)) == 1
            assert sum(map(len, kept_lines(index))) == index._kept_bytes <= 1000
        assert [lookup(index, number) for number in range(1, 200)] == [
            [f"RFC {number} {'x' * 40} h 1"] for number in range(1, 200)
        ]

    def test_unknown_numbers_take_no_room_in_it(self, index: Index) -> None:
        for number in range(1, 1000):
            assert index.lookup(number) == b""
        assert kept_lines(index) == []


class TestBatches:
    """Long answers come in pieces."""

    def test_lookup_of_many_holders_streams_them_all(self, index: Index) -> None:
        for port in range(1, 10001):
            index.add(index.join("h", port), 7, "Seven")
        batches = list(index.lookup(7))
        assert len(batches) > 2
        assert all(isinstance(batch, bytes) and len(batch) < 2 * BATCH_BYTES for batch in batches)
        lines = b"".join(batch for batch in batches if isinstance(batch, bytes)).splitlines()
        assert lines == [b"RFC 7 Seven h %d" % port for port in range(10000, 0, -1)]

    def test_lookup_under_way_keeps_to_what_it_found(self, index: Index) -> None:
        members = [index.join("h", port) for port in range(1, 10001)]
        for member in members:
            index.add(member, 7, "Seven")
        batches = index.lookup(7)
        assert not isinstance(batches, bytes)
        lines = next(batches)
        for member in members:
            index.leave(member)
        lines += b"".join(batches)
        assert len(lines.splitlines()) == len(set(lines.splitlines())) == 10000

    def test_batches_of_a_list_are_about_as_long_as_said(self, index: Index) -> None:
        member = index.join("h", 1)
        for number in range(1, 5001):
            index.add(member, number, "x" * 100)
        sizes = [len(batch) for batch in index.list_all()]
        assert len(sizes) > 5
        assert all(BATCH_BYTES <= size < 2 * BATCH_BYTES for size in sizes[:-1])


class TestSerials:
    """Each member has a 32-bit number of its own."""

    def test_they_wrap_and_pass_over_those_in_use(self, index: Index) -> None:
        kept = [index.join("h", 1), index.join("h", 2)]
        index._next_serial = 2**32 - 1
        others = [index.join("h", 3), index.join("h", 4)]
        assert [member.serial for member in kept + others] == [0, 1, 2**32 - 1, 2]

    def test_answers_are_whole_after_the_wrap(self, index: Index) -> None:
        index._next_serial = 2**32 - 2
        members = [index.join("h", port) for port in range(1, 5)]
        for member, number in zip(members, count(7), strict=False):
            index.add(member, 7, "Seven")
            index.add(member, number, "own")
        assert len(set(lookup(index, 7))) == 4
        for member in members:
            index.leave(member)
        assert index.record_count == index.member_count == 0


class TestManyAtOnce:
    """What `hold_all` does is what as many ADDs do."""

    def test_known_documents_are_held(self, index: Index) -> None:
        first, second = index.join("h", 1), index.join("h", 2)
        for number in (7, 8, 9):
            index.add(first, number, "T")
        assert index.lookup(7) == b"RFC 7 T h 1\r\n"  # from now on its lines are kept
        editions = [index.find_edition(b"%d\0T" % number) for number in (7, 8)]
        assert index.hold_all(second, [each for each in editions if each], type(second.numbers)([7, 8])) == []
        assert index.lookup(7) == b"RFC 7 T h 2\r\nRFC 7 T h 1\r\n"
        assert (index.record_count, sorted(second.numbers)) == (5, [7, 8])

    def test_what_takes_more_care_is_left(self, index: Index) -> None:
        first, second = index.join("h", 1), index.join("h", 2)
        index.add(first, 7, "T")
        index.add(first, 8, "T")
        seven, eight = index.find_edition(b"7\0T"), index.find_edition(b"8\0T")
        assert seven
        assert eight
        index.remove(first, 8)  # nobody has it any more
        assert index.hold_all(second, [eight, seven], type(second.numbers)([7, 8])) == [0]
        assert (index.record_count, sorted(second.numbers)) == (2, [7])
        assert index.hold_all(second, [seven], type(second.numbers)([7])) == [0]  # it holds it already
        index.join("h", 2)
        index.remove(second, 7)
        assert index.hold_all(second, [seven], type(second.numbers)([7])) == [
            0
        ]  # it shares its host and port
        assert index.lookup(7) == b"RFC 7 T h 1\r\n"
