"""The index server: who is here, and who holds which document (P2S, clauses P-2, P-4 and P-5).

`running` is the server itself, `connection` a peer's conversation with it, `counting` what it counts.
Imports `serving`, `dialing`, `index`, `protocol`, `events` and `errors`.
"""

from p2pci.server.running import IndexServer, State

__all__ = ["IndexServer", "State"]
