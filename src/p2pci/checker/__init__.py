"""The conformance checker: judges any index server, upload server or client from the wire alone.

`server/`, `peer/` and `client/` have the cases, as data; `judging` tries them and gives results; `rules/`
says what in a message is not as written; `reports/` shows it all. It shares the grammar with the rest of
p2pci and nothing else, so that it cannot judge others by our own faults.
"""
