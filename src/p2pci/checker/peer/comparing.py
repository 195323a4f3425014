"""Documents compared byte by byte, and what made the difference, as far as it can be told.

May import `cases`, `showing`, `symptoms` and its package's `target`.
"""

from __future__ import annotations

from p2pci.checker.cases import Deviation
from p2pci.checker.peer.target import Answer, require_code
from p2pci.checker.showing import first_difference
from p2pci.checker.symptoms import Symptom
from p2pci.checker.wire import Ending

SHOWN_BYTES = 60  # before and behind the first difference


def require_same(answer: Answer, usual: Answer, *, symptom: Symptom | None = None) -> None:
    """Check that a GET was answered as one that is asked as everybody does.

    Args:
        answer: what is judged.
        usual: what the holder answers otherwise.
        symptom: what it means when the answer is not 200.

    Raises:
        Deviation: the code is another, or the data.
    """
    require_code(answer, 200, symptom=symptom)
    require_bytes(answer, usual.data)


def require_bytes(answer: Answer, document: bytes) -> None:
    """Check that the data of an answer are these.

    Raises:
        Deviation: they are not.
    """
    where = first_difference(document, answer.data)
    if where is None:
        return
    if answer.ending is Ending.RESET and len(answer.data) < len(document):
        what = f"the connection was reset after {len(answer.data)} of {len(document)} bytes"
        raise Deviation(what, symptom=Symptom.RESETS)
    begin = max(0, where - SHOWN_BYTES // 2)
    raise Deviation(
        f"{len(answer.data)} bytes came where {len(document)} are right; "
        f"the first difference is at byte {where + 1}",
        expected=document[begin : where + SHOWN_BYTES],
        received=answer.data[begin : where + SHOWN_BYTES],
        symptom=_explain(document, answer.data),
    )


def _explain(document: bytes, data: bytes) -> Symptom | None:
    if document.strip() == data.strip():
        return Symptom.STRIPPED if len(data) < len(document) else Symptom.SENDS_MORE
    if document.startswith(data):
        return Symptom.CUT_SHORT
    if data.startswith(document):
        return Symptom.SENDS_MORE
    if _without_text_mode(document) == _without_text_mode(data):
        return Symptom.TEXT_MODE
    return None


def _without_text_mode(data: bytes) -> bytes:
    """Leave out all that text mode changes: line ends, and whatever is not ASCII."""
    return bytes(byte for byte in data if byte < 0x80 and byte not in b"\r\n?")
