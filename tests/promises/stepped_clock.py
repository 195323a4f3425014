"""A program: another one, in which the wall clock is off by as many seconds as a file says at that moment.

python stepped_clock.py FILE p2pci peer localhost --no-menu
python stepped_clock.py FILE index head_seconds=2
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

_right_time = time.time


def main(offset: Path, kind: str, *words: str) -> None:
    time.time = lambda: _right_time() + float(offset.read_text())
    time.time_ns = lambda: int(time.time() * 1e9)
    if kind == "p2pci":
        from p2pci.cli.main import run

        sys.argv = [kind, *words]
        run()
    else:
        sys.path.insert(0, str(Path(__file__).parent))
        from short_limits import main as serve  # type: ignore[import-not-found]

        serve(kind, *words)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
