"""Results as text: the tree of the terminal, JSON, JUnit and a page. Pure functions; nothing is written."""

from p2pci.checker.reports.report import Report, Subject

__all__ = ["Report", "Subject"]
