"""One fault for each case: the correct client with a single change, which that case must notice.

Run as a program, `faults.py PORT [CASE]`, this is the client with that fault, or the correct one.
"""

from __future__ import annotations

import sys

from tests.checker.client.stub import Stub

FAULTS: dict[str, type[Stub]] = {}

if __name__ == "__main__":
    FAULTS.get("".join(sys.argv[2:]), Stub)(int(sys.argv[1])).run()
