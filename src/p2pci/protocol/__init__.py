"""P2P-CI/1.0 without I/O: bytes in, values out, and back.

`grammar` has the values and their limits, `messages` the requests and records, `requests` reads requests,
`answers` writes and reads the index server's answers, `documents` those of a holder; `addresses` tells what
is an address. No socket, no clock, no logging: the same code serves servers, clients and tests. Imports
`errors` alone.
"""
