"""Answers learned by asking once, and checked: an order of records that is no promise is taken as it comes.

Imports `programs` and `wording`.
"""

from __future__ import annotations

import socket
from itertools import batched
