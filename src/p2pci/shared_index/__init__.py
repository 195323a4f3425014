"""Several index servers that answer as one, over Redis or Valkey.

Each server tells the others about its own peers, and has theirs as members of its index beside its own: so
every question is answered from memory, whether Redis is there or not. `sharing` puts it together; `publisher`
is what we tell, `neighbourhood` and `neighbour` what we hear; `encoding` and `holdings` are common to both;
`store` says what is wanted of the place where servers meet, `redis_store` is that place, and imports redis-py
only when it is made. Imports `index`, `protocol`, `events` and `errors`.
"""

from p2pci.shared_index.redis_store import RedisStore
from p2pci.shared_index.sharing import LEASE_SECONDS, SharedIndex, State

__all__ = ["LEASE_SECONDS", "RedisStore", "SharedIndex", "State"]
