"""The original starter of the index server: `python3 server.py [PORT]`. Needs nothing installed."""

import sys
from pathlib import Path

if sys.version_info < (3, 11):
    sys.exit(
        "p2pci needs Python 3.11 or newer; this is %d.%d. Start it as python3.11 server.py."
        % sys.version_info[:2]
    )
sys.path.insert(0, str(Path(__file__).resolve().parent / "src"))

from p2pci.cli.original import start_server

if __name__ == "__main__":
    sys.exit(start_server(sys.argv[1:]))
