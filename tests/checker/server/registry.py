"""Which fault belongs to which case."""

from __future__ import annotations

from collections.abc import Callable

from tests.checker.server.stub import Stub

FAULTS: dict[str, type[Stub]] = {}


def fault(*ids: str) -> Callable[[type[Stub]], type[Stub]]:
    """Let these cases each have to notice this stub."""

    def register(stub: type[Stub]) -> type[Stub]:
        for id_ in ids:
            assert id_ not in FAULTS, id_
            FAULTS[id_] = stub
        return stub

    return register
