"""The commands that carry documents where no network goes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from p2pci.cli.grouping import SectionedGroup
from p2pci.cli.options import FOLDER, json_option, library_option

if TYPE_CHECKING:
    from p2pci.cli.exits import ExitStatus


@click.group(cls=SectionedGroup, sections={"Commands": ("export", "import")})
def bundle() -> None:
    """Carry documents in one file, to where no network goes.

    A bundle is a tar with a list of its documents and their SHA-256, by which each is verified where it
    arrives. Its name ends in .tar, or in .tar.gz or .tar.xz (.tgz, .txz), which compresses it.

    \b
    Example:  p2pci bundle export rfcs.tar
              p2pci bundle import rfcs.tar
    """


@bundle.command(name="export")
@click.argument("file")
@library_option
@click.option(
    "--since",
    type=FOLDER,
    multiple=True,
    help="An earlier bundle: what it has stays out. May be given several times.",
)
@json_option
def export_(file: str, library: Path, *, since: tuple[Path, ...], is_json: bool) -> ExitStatus:
    """Write the documents of a folder into one FILE; - is standard output, then without --json.

    \b
    Example:  p2pci bundle export june.tar.xz --library ~/rfcs --since may.tar.xz
    """
    from p2pci.cli.bundles import export_bundle

    if file != "-" and any(earlier.resolve() == Path(file).resolve() for earlier in since):
        raise click.UsageError("FILE is what --since names, and would be lost. Choose another name.")
    return export_bundle(file, library=library, earlier=since, is_json=is_json)


@bundle.command(name="import")
@click.argument("file")
@library_option
@click.option(
    "--replace", is_flag=True, help="Take what differs, too, and keep the older copy as rfcN.txt.orig."
)
@click.option(
    "--max-bytes",
    type=click.IntRange(min=1),
    default=64 * 1024 * 1024,
    show_default=True,
    help="Leave out a document that is larger, and take the others.",
)
@json_option
def import_(file: str, library: Path, *, replace: bool, max_bytes: int, is_json: bool) -> ExitStatus:
    """Take the documents of a bundle, each verified, into a folder; - is standard input.

    What the folder has stays as it is; what differs is listed. Interrupted and run again it goes on.

    \b
    Example:  p2pci bundle import june.tar.xz --library ~/rfcs
    """
    from p2pci.cli.bundles import import_bundle

    return import_bundle(
        file, library=library, max_document_bytes=max_bytes, is_replacing=replace, is_json=is_json
    )
