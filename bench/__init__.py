"""The benchmark: `make bench` measures the project beside what others reach on the same machine, in one run.

    __main__     options; measures, prints, writes
    rows/        what is measured
    run          how much, and in which turns
    contestants  what is measured, and what beside it
    load         who asks, with the answers that have to come
    wording      what is said, as bytes
    workshop     programs started on their core, and their files
    machine      this machine
    target       load for any other implementation
    programs/    what runs beside us: load and limit in C, a server of the original kind
    report/      results, table, page and charts

Not part of the package, and never installed.
"""
