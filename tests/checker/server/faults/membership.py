"""Faults with names and identities."""

from __future__ import annotations

from dataclasses import replace

from tests.checker.server.registry import fault
from tests.checker.server.stub import Connection, Record, Request, Stub


@fault("P-4.7/1")
class PublishesSomethingElse(Stub):
    def published(self, request: Request) -> str:
        return "somewhere.example"


@fault("P-4.10/1")
class EchoesAnotherHost(Stub):
    def echo(self, record: Record, request: Request, probe: str) -> str:
        return super().echo(replace(record, host="you"), request, probe)


@fault("P-4.12/1")
class ShowsAllConnections(Stub):
    def shown(self, records: list[Record]) -> list[Record]:
        return records


@fault("P-4.12/2")
class EndsTheIdentity(Stub):
    def leave(self, me: Connection) -> None:
        self.records = [item for item in self.records if (item.host, item.port) != me.identity]
