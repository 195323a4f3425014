"""Index files of our own, in the two forms of the RFC Editor's."""

XML_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<rfc-index xmlns="https://www.rfc-editor.org/rfc-index"
           xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
           xsi:schemaLocation="https://www.rfc-editor.org/rfc-index https://www.rfc-editor.org/rfc-index.xsd">
"""
XML_END = "</rfc-index>\n"


def xml_entry(number: int, title: str) -> str:
    return f"<rfc-entry><doc-id>RFC{number:04}</doc-id><title>{title}</title></rfc-entry>\n"


def xml_index(titles: dict[int, str]) -> str:
    return XML_HEAD + "".join(xml_entry(number, title) for number, title in titles.items()) + XML_END


def text_index(titles: dict[int, str]) -> str:
    entries = (
        f"{number:04} {title}. A. Example. May 1999. (Format: TXT) (Status: UNKNOWN)\n"
        for number, title in titles.items()
    )
    return "\n".join(entries)
