"""The conversation with an index server, from the asker's side (P2S).

`index_client` is what others use, `link` the connection below it. What the answers mean is read by
`protocol.answers`; the clocks are here. Imports `dialing`, `protocol`, `events` and `errors`.
"""

from p2pci.client.index_client import Added, Answer, ClientLimits, IndexClient, NewRecord

__all__ = ["Added", "Answer", "ClientLimits", "IndexClient", "NewRecord"]
