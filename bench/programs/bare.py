"""The command p2pci as a Python without uvloop and pyroaring runs it.

    python bench/programs/bare.py server …

Neither of them is found, whether it is installed or not. Imports the command alone.
"""

import sys

for name in ("uvloop", "pyroaring"):
    sys.modules[name] = None  # type: ignore[assignment]

from p2pci.cli.main import run  # noqa: E402 - after the two were hidden

if __name__ == "__main__":
    run()
