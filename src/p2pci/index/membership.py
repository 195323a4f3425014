"""Under which host a peer's records are published (clauses P-4.5 to P-4.8). No name is ever resolved."""

from __future__ import annotations

from p2pci.protocol.addresses import is_loopback, parse_address, plain_address


def published_host(claim: str, *, source: str, trusts_claims: bool) -> str:
    """Choose between what a peer claims to be called and the address that it comes from.

    The claim is believed from loopback, when it is the source address, and when the operator says so;
    everybody else is published as the source, so that nobody can point the swarm at a third party.

    Args:
        claim: the Host header of the ADD.
        source: the other end of the connection as the system names it, perhaps with a scope.
        trusts_claims: the operator's `--trust-hosts`, the handout's way.
    """
    plain_source = plain_address(source)
    address = parse_address(plain_source)
    if trusts_claims or is_loopback(plain_source) or (address and parse_address(claim) == address):
        return claim
    return plain_source
