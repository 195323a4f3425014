"""The command p2pci as a Python without uvloop and pyroaring runs it: python bench/bare.py server …

It says that neither is installed, before anything is imported.
"""

import sys

for name in ("uvloop", "pyroaring"):
    sys.modules[name] = None  # type: ignore[assignment]

from p2pci.cli.main import run

if __name__ == "__main__":
    run()
