"""Documents of our own in the layouts that RFCs have had since 1969.

Each layout is a function of number and title; `LAYOUTS` names them all. The lines around a title
are what matters here: header, column of authors, dates, headings. Imports nothing of the project.
"""

import textwrap
from collections.abc import Callable

WIDTH = 72
BODY = "   This memo is about nothing in particular, and says so in a whole\n   sentence over two lines.\n"
STATUS = "Status of this Memo\n\n" + BODY


def centred(title: str, width: int = 56) -> str:
    """The title in the middle of the page, over as many lines as it needs."""
    lines = textwrap.wrap(title, width, break_on_hyphens=False, break_long_words=False)
    return "".join(f"{line.center(WIDTH).rstrip()}\n" for line in lines)


def columns(*pairs: tuple[str, str]) -> str:
    """Header lines: what stands on the left, and on the right at the edge of the page."""
    return "".join(f"{left}{right:>{WIDTH - len(left)}}".rstrip() + "\n" for left, right in pairs)


def of_1969(number: int, title: str) -> str:
    head = columns(
        ("Network Working Group", "4711"), (f"RFC-{number}", "May 1969"), ("", "Ann Example"), ("", "ACME")
    )
    return f"{head}\n{centred(title)}\n\n{BODY}"


def of_1970(number: int, title: str) -> str:
    return (
        f"\n\nNetwork Working Group\nRequest for Comments #{number}                       A. Example\n"
        f"{'':60}B. Sample\n{'':60}ACME\n{'':60}20 April 70\n\n{centred(title)}\n{BODY}"
    )


def of_1971(number: int, title: str) -> str:
    head = columns(
        ("Network Working Group", "A. Example"),
        (f"Request for Comments: {number}", "ACME"),
        ("NIC #5999", "20 April 71"),
        ("Categories: D.1", ""),
        ("Obsoletes: RFCs 66, 80", ""),
        ("Updates: #107", ""),
    )
    return f"{head}\n{centred(title)}\n{BODY}"


def of_1971_number_alone(number: int, title: str) -> str:
    authors = "".join(f"{line.center(WIDTH).rstrip()}\n" for line in ("A. Example", "Example Laboratory"))
    head = f"RFC {number}\nNIC 7999\nCategories: D.4, D.7\n"
    return f"{head}\n{centred(title)}\n{authors}\n\nIntroduction\n\n{BODY}"


def of_1972(number: int, title: str) -> str:
    return (
        f"Network Working Group                   Ann Example\n"
        f"Request for Comments {number}                ACME-HQ\n"
        f"NIC 9999                                13 MARCH 1972\n"
        f"References: RFC 254\n\n{centred(title)}\n{BODY}"
    )


def of_1975(number: int, title: str) -> str:
    return f"NWG/RFC# {number}                    ABC 10-May-75 21:37  32999\n{title}\n\n\n\n{BODY}"


def of_1978(number: int, title: str) -> str:
    return (
        f"NWG / Request for Comments: {number}      A. Example\n\n\n{centred(title)}{'by':^72}\n"
        f"{'A. Example':^72}\n\n{BODY}"
    )


def of_1981(number: int, title: str) -> str:
    blank = " " * 36 + "\n"
    date = f"{'September 1981':^72}\n\n{'prepared for':^72}\n"
    return f"RFC:  {number}\n{blank * 6}{centred(title)}{blank * 3}{date}"


def of_1983(number: int, title: str) -> str:
    lines = textwrap.wrap(title, 40)
    tabbed = "".join(f"\t\t   {line}\n" for line in lines)
    head = f"Network Working Group\t\t\t\t\tA. Example\nRequest for Comments:  {number}\t\t  May 1983\n"
    return f"{head}\n{tabbed}\n{BODY}"


def of_1986_form(number: int, title: str) -> str:
    lines = textwrap.wrap(title, 50)
    labelled = "\n            ".join(lines)
    head = columns(("Network Working Group", "XYZ 86-118"), (f"Request for Comments: {number}", "May 1986"))
    return f"{head}\n{'A STANDARDS BODY':^72}\n\n  Title:    {labelled}\n\n  Source:   A Committee\n\n{BODY}"


def of_1989_elsewhere(number: int, title: str) -> str:
    return (
        "\n\n".join(textwrap.wrap(f'RFC-{number} "{title}" is available only in PostScript form.', 60)) + "\n"
    )


def of_1992(number: int, title: str) -> str:
    head = columns(
        ("Network Working Group", "A. Example"),
        (f"Request for Comments: {number}", "ACME Systems, Inc."),
        ("", "B. Sample"),
        ("", "Sample University"),
        ("", "Editors"),
        ("", "March 1992"),
    )
    return f"\n\n\n\n\n\n{head}\n\n{centred(title)}\n{STATUS}"


def of_1995(number: int, title: str) -> str:
    head = columns(
        ("Network Working Group", "A. Example, Editor"),
        (f"Request for Comments: {number}", "ACME"),
        ("Obsoletes: 1780, 1720, 1610, 1600,", "July 1995"),
        ("1540, 1500, 1410, 1360, 1280, 1250,", ""),
        ("1200, 1140", ""),
        ("STD: 1", ""),
        ("Category: Standards Track", ""),
    )
    return f"\n\n{head}\n\n{centred(title)}\n{STATUS}"


def of_2001_draft_name(number: int, title: str) -> str:
    head = columns(("Network Working Group", "A. Example"), (f"Request for Comments: {number}", "May 2001"))
    draft = "<draft-ietf-example-topic-07.txt>".center(WIDTH).rstrip()
    return f"{head}Category: Informational\n\n{centred(title)}{draft}\n\n{STATUS}"


def of_2011(number: int, title: str) -> str:
    head = columns(
        ("Internet Engineering Task Force (IETF)", "A. Example, Ed."),
        (f"Request for Comments: {number}", "ACME"),
        ("BCP: 229", "B. Sample"),
        ("Updates: 2345, 3457", "Independent"),
        ("Category: Best Current Practice", "May 2011"),
        ("ISSN: 2070-1721", ""),
    )
    return f"\n\n\n\n\n\n\n{head}\n\n{centred(title)}\nAbstract\n\n{BODY}"


def of_2021(number: int, title: str) -> str:
    return "\ufeff\n\n\n" + of_2011(number, title).lstrip("\n").replace("\nAbstract", "\n\f\nAbstract")


LAYOUTS: dict[str, Callable[[int, str], str]] = {
    layout.__name__: layout
    for layout in (
        of_1969,
        of_1970,
        of_1971,
        of_1971_number_alone,
        of_1972,
        of_1975,
        of_1978,
        of_1981,
        of_1983,
        of_1986_form,
        of_1989_elsewhere,
        of_1992,
        of_1995,
        of_2001_draft_name,
        of_2011,
        of_2021,
    )
}
