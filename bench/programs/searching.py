"""A full-text index of a folder, built from nothing and then asked: what that takes, as a line of JSON.

    python bench/programs/searching.py FOLDER QUESTION …

Documents are scanned before the clock starts, as every other command does. Imports p2pci alone.
"""

import json
import sys
import time
from pathlib import Path

from p2pci.library import Shelf
from p2pci.library.search.index import SearchIndex
from p2pci.library.search.store import INDEX_NAME


def main(folder: Path, questions: list[str]) -> None:
    (folder / INDEX_NAME).unlink(missing_ok=True)
    with Shelf(folder) as shelf, SearchIndex(shelf) as index:
        documents = shelf.scan()
        begin, busy = time.perf_counter(), time.process_time()
        index.update(documents)
        index.wait()
        seconds, busy = time.perf_counter() - begin, time.process_time() - busy
        taken = []
        for question in questions:
            begin = time.perf_counter()
            index.query(question)
            taken.append(time.perf_counter() - begin)
        problem = str(index.progress.problem or "")
    size = (folder / INDEX_NAME).stat().st_size
    done = {"seconds": seconds, "busy": busy, "bytes": size, "queries": taken, "problem": problem}
    print(json.dumps(done))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
