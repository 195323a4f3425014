"""What came out of a run (`results`), as a table, a page, charts, and on paper (`carrying`)."""
