"""`python3 -m p2pci`: the same as the command `p2pci`."""

from p2pci.cli.main import run

run()
