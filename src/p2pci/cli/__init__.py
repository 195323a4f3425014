"""The faces of p2pci in a terminal: commands, menu, demo, and the two original starters.

Only here are the environment, settings files, signals, standard streams and exit codes touched. `main`,
`options` and `commands/` know click; `original`, `menu` and what they use run on the standard library alone.
"""
