"""Clients: the cases that they are judged by, and who uses their menus meanwhile.

Each module with a GROUP has the cases of one theme. Each case starts the program and ends it.
"""

from p2pci.checker.cases import Case, cases_in
from p2pci.checker.client import answers, downloads, joining, odd_answers, odd_holders, requests
from p2pci.checker.client.driving import SKIP, ByHand, ByScript, Driver
from p2pci.checker.client.scripts import Action, Script, read_script
from p2pci.checker.client.target import Client, Launch, staged
from p2pci.checker.wire import Patience

_PLAIN: list[Case[Client]] = cases_in(joining, requests, answers, downloads, odd_answers, odd_holders)
CASES: list[Case[Client]] = [staged(case) for case in _PLAIN]

SCRIPT_PATIENCE = Patience(answer_seconds=4.0, case_seconds=35.0, total_seconds=300.0)
HAND_PATIENCE = Patience(answer_seconds=120.0, case_seconds=900.0, total_seconds=8 * 3600.0)

__all__ = [
    "CASES",
    "HAND_PATIENCE",
    "SCRIPT_PATIENCE",
    "SKIP",
    "Action",
    "ByHand",
    "ByScript",
    "Client",
    "Driver",
    "Launch",
    "Script",
    "read_script",
]
