"""The benchmark: `make bench` measures the project beside what others reach on the same machine, in one run.

`__main__` reads the options; `rows` names what is measured, each in a module of its own (`lookups`, `adds`,
`scale`, `idle`, `listing`, `documents`, `starting`), and `growth` measures cost against size. What is
measured runs as real processes (`programs`, `contestants`) under load from C (`load`). `results` is what
comes out, and `table`, `page`, `chart` and `growth_plot` show it; `target` loads any other implementation.
A module imports only what its head names. Not part of the package, and never installed.
"""
