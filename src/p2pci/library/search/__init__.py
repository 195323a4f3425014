"""Search in the documents of a shelf, and in titles.

    index      the index of a shelf: kept current, and asked
    building   what is new on the shelf is indexed, in the background
    store      the file of the index: opened, locked, replaced when damaged
    ranking    what fits, the best first
    query      what a person types
    matching   titles that fit
    snippets   a piece of a document that shows why it was found
    words      the text of a document, and its words
    pages      what pages repeat, left out
    facts      year and status as a document tells them
    holding    a folder held while something in it is worked on

Plain blocking functions on the standard library; one worker thread in `index`. Here are the queries alone:
`index` is imported by who wants it, since it needs SQLite, which most commands do not and some Pythons lack.
"""

from p2pci.library.search.facts import Facts, year_of
from p2pci.library.search.matching import TitleMatcher, Titles, title_score
from p2pci.library.search.query import Query, parse_query
from p2pci.library.search.snippets import Part

__all__ = ["Facts", "Part", "Query", "TitleMatcher", "Titles", "parse_query", "title_score", "year_of"]
