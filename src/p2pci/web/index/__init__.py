"""The pages of an index server: its peers, documents and copies, what it is asked, and its metrics.

`app` serves them, `stats` says what there is to tell, `copies` and `history` keep what takes time to find
out, `page` words and `charts` draws it, `metrics` tells Prometheus. Import its modules, not this package.
"""
