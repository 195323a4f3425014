"""The conversation with an index server, from the asker's side (P2S).

`index_client` is what others use, `values` what goes in and comes out, `hearing` one answer and its bounds,
`link` the connection below it. What the answers mean is read by `protocol.answers`; the clocks are here.
Imports `dialing`, `keepalive`, `protocol`, `events` and `errors`.
"""

from p2pci.client.hearing import Take, memory_bytes
from p2pci.client.index_client import IndexClient
from p2pci.client.values import Added, Answer, ClientLimits, NewRecord

__all__ = ["Added", "Answer", "ClientLimits", "IndexClient", "NewRecord", "Take", "memory_bytes"]
