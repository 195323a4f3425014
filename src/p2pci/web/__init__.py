"""Web pages of a peer and of an index server, with the JSON API and the metrics behind them.

Needs the extra `web`. Faces on what runs anyway: nothing below this floor knows of them. Import its modules,
not this package: a program without pages imports nothing of it.
"""
