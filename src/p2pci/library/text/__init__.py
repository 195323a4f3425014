"""Documents as people read them: pages taken away, sections and references found. Pure functions over text.

document    Text: lines, sections, references; read_text makes it
pages       page breaks, running heads and feet out, paragraphs joined
contents    the document's own table of contents
headings    lines that look like a heading
sections    which of them are
references  the RFCs and sections that a text names
header      what the document's header lines say of it
"""

from p2pci.library.text.document import Text, read_text
from p2pci.library.text.header import entry_from_header
from p2pci.library.text.references import Reference
from p2pci.library.text.sections import Section

__all__ = ["Reference", "Section", "Text", "entry_from_header", "read_text"]
