"""Faults in adding and finding."""

from __future__ import annotations

from tests.checker.server.registry import fault
from tests.checker.server.stub import NOT_FOUND, Connection, Record, Request, Stub


@fault("B-7/1")
class KeepsOnlyTheLast(Stub):
    def register(self, request: Request) -> Record:
        self.leave(request.owner)
        return super().register(request)


@fault("P-2.4/1")
class FindsOneHolder(Stub):
    def lookup(self, request: Request) -> str:
        found = [record for record in self.records if self.fits(record, request)]
        return self.ok(found[:1], request) if found else self.error(NOT_FOUND, request.owner)


@fault("B-18/1")
class ComparesText(Stub):
    def fits(self, record: Record, request: Request) -> bool:
        return str(request.number) in str(record.number)


@fault("P-2.2/2")
class ShowsTheSourcePort(Stub):
    def make_record(self, request: Request) -> Record:
        record = super().make_record(request)
        record.port = request.owner.writer.get_extra_info("peername")[1]
        return record


@fault("B-11/1")
class KeepsTheFirstHolderAlone(Stub):
    def register(self, request: Request) -> Record:
        record = super().register(request)
        if any(other.number == record.number for other in self.records if other is not record):
            self.records.remove(record)
        return record


@fault("P-2.4/2")
class ListsOneOfEachPeer(Stub):
    def ordered(self, records: list[Record]) -> list[Record]:
        return list({record.owner: record for record in records}.values())


@fault("B-19/1")
class ListsOneHolderOfEach(Stub):
    def ordered(self, records: list[Record]) -> list[Record]:
        return list({record.number: record for record in records}.values())


@fault("B-19/2")
class ListsAThousand(Stub):
    def ordered(self, records: list[Record]) -> list[Record]:
        return super().ordered(records)[:1000]


@fault("P-2.9/1")
class FindsNothingWith200(Stub):
    def lookup(self, request: Request) -> str:
        return self.ok([record for record in self.records if self.fits(record, request)], request)


@fault("P-2.11/1", "P-2.11/2")
class ErrorsWithRecords(Stub):
    def error(self, status: str, me: Connection) -> str:
        lines = "".join(
            f"RFC {item.number} {item.title} {item.host} {item.port}\r\n" for item in self.records
        )
        return super().error(status, me).replace("\r\n\r\n", f"\r\n{lines}\r\n", 1)


@fault("P-2.4/3")
class ForgetsWhatItTold(Stub):
    def lookup(self, request: Request) -> str:
        answer = super().lookup(request)
        self.records = [record for record in self.records if not self.fits(record, request)]
        return answer


@fault("P-4.1/1")
class RegistersAskers(Stub):
    def lookup(self, request: Request) -> str:
        answer = super().lookup(request)
        self.register(request)
        return answer


@fault("Q-4/1")
class ListsOthersAlone(Stub):
    def list_all(self, request: Request) -> str:
        return self.ok([item for item in self.records if item.owner is not request.owner], request)


@fault("Q-5/1")
class EmptyListIsAnError(Stub):
    def list_all(self, request: Request) -> str:
        return super().list_all(request) if self.records else self.error(NOT_FOUND, request.owner)


@fault("Q-6/1")
class ComparesTitles(Stub):
    def fits(self, record: Record, request: Request) -> bool:
        return super().fits(record, request) and record.title == request.title


@fault("Q-7/1")
class TellsPeersByHostAlone(Stub):
    def shown(self, records: list[Record]) -> list[Record]:
        return list({(item.number, item.host): item for item in records}.values())


@fault("Q-11/1", "P-4.11/1")
class KeepsTheOldTitle(Stub):
    def replace(self, record: Record, request: Request) -> Record:
        return record


@fault("Q-12/1")
class OldestFirst(Stub):
    def shown(self, records: list[Record]) -> list[Record]:
        return super().shown(records)[::-1]


@fault("Q-12/2")
class ListsNewestFirst(Stub):
    def ordered(self, records: list[Record]) -> list[Record]:
        return records
