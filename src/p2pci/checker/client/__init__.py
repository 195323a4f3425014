"""Clients: the cases that they are judged by, and who uses their menus meanwhile.

Each module with a GROUP has the cases of one theme.
"""
