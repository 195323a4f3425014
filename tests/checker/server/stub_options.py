"""What a request asks the stub for beyond 1.0 (section 5 of the protocol), read and echoed."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field


@dataclass
class Options:
    features: set[str] = field(default_factory=set)
    copy: str = ""  # its size and SHA-256, as a record line tells them
    wants_copies: bool = False
    holders: int = 0
    first: int = 0
    limit: int = 0
    probe: bool = False

    def echo(self) -> list[str]:
        """Give the header lines of the answer."""
        lines = [f"Features: {', '.join(sorted(self.features))}"] if self.features else []
        if self.wants_copies:
            lines.append("Want: digest")
        counts = {"Holders": self.holders, "From": self.first, "Limit": self.limit}
        return lines + [f"{name}: {count}" for name, count in counts.items() if count]


FORMS = {
    "size": ("digest", r"[0-9]{1,15}"),
    "repr-digest": ("digest", r"sha-256=:[A-Za-z0-9+/]{43}=:"),
    "want": ("digest", r"digest"),
    "holders": ("holders", r"[1-9][0-9]{0,8}"),
    "from": ("holders", r"[1-9][0-9]{0,9}"),
    "limit": ("holders", r"[1-9][0-9]{0,8}"),
    "probe": ("probe", r"1"),
}


def read_options(headers: dict[str, str], agreed: set[str], known: frozenset[str]) -> Options | None:
    """Read the headers whose features are agreed; None when one of them is malformed."""
    features = {word.strip() for word in headers.get("features", "").split(",")} & known
    values = {
        name: headers[name]
        for name, (need, _) in FORMS.items()
        if name in headers and need in agreed | features
    }
    if not all(re.fullmatch(FORMS[name][1], value) for name, value in values.items()):
        return None
    options = Options(features, wants_copies="want" in values, probe="probe" in values)
    if {"size", "repr-digest"} <= set(values):
        options.copy = f"{values['size']} {base64.b64decode(values['repr-digest'][9:-1]).hex()}"
    options.holders = int(values.get("holders", 0))
    options.first, options.limit = int(values.get("from", 0)), int(values.get("limit", 0))
    return options
