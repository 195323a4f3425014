"""Flags that become limits: each group of them is handed to its command as one value.

Heavy imports stand where the value is made.
"""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from p2pci.cli.options import LEASE, NETWORKS, NUMBERS, RATE, SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from click import ParamType

    from p2pci.cli.meeting import Meeting
    from p2pci.cli.web_pages import Web
    from p2pci.library import Sharing
    from p2pci.peer import PeerLimits
    from p2pci.serving import ServingLimits

    Command = Callable[..., Any]
    Option = Callable[[Command], Command]

_SERVING = ("max_connections", "max_per_address", "dead_after", "allow", "deny")
_PREFIX = "p2pci"
_LEASE_SECONDS = 15.0
_UPLOAD = ("max_uploads", "rate", *_SERVING)


def serving_options(*, per_address: int) -> Callable[[Command], Command]:
    """Give a command the flags of ServingLimits, as `serving`."""
    return grouped("serving", _serving_limits, names=_SERVING, options=_serving_flags(per_address))


def peer_options(*, per_address: int) -> Callable[[Command], Command]:
    """Give a command the flags of PeerLimits, as `limits`."""
    flags = [*_follow_flags(), *_upload_flags(per_address)]
    return grouped("limits", _peer_limits, names=("rescan", "poll", *_UPLOAD), options=flags)


def _upload_flags(per_address: int) -> Sequence[Option]:
    return [
        click.option(
            "--max-uploads",
            type=click.IntRange(1),
            envvar="P2PCI_MAX_UPLOADS",
            default=4000,
            show_default=True,
            help="Documents sent at the same time.",
        ),
        click.option(
            "--rate",
            type=RATE,
            envvar="P2PCI_RATE",
            default="0",
            help="Bytes a second of all uploads together, as in 500k or 5M; 0, the default: no limit.",
        ),
        *_serving_flags(per_address),
    ]


def meeting_options() -> Callable[[Command], Command]:
    """Give a command the flags of Meeting, as `meeting`."""
    flags = [
        click.option(
            "--shared",
            metavar="URL",
            envvar="P2PCI_SHARED",
            help="Be one index with all servers at this Redis, as in redis://HOST:6379/0.",
        ),
        click.option(
            "--node", metavar="NAME", envvar="P2PCI_NODE", help="Our name there; default: HOST:PORT."
        ),
        click.option(
            "--shared-prefix",
            metavar="WORD",
            envvar="P2PCI_SHARED_PREFIX",
            default=_PREFIX,
            show_default=True,
            help="Of the keys there; each swarm has its own.",
        ),
        click.option(
            "--lease",
            type=LEASE,
            envvar="P2PCI_LEASE",
            default=_LEASE_SECONDS,
            show_default=True,
            help="Seconds without word of a server, after which its peers are gone for the others.",
        ),
    ]
    return grouped("meeting", _meeting, names=("shared", "node", "shared_prefix", "lease"), options=flags)


def sharing_options() -> Callable[[Command], Command]:
    """Give a command the flags of Sharing, as `sharing`."""
    flags = [
        click.option(
            "--share",
            type=NUMBERS,
            multiple=True,
            envvar="P2PCI_SHARE",
            help="Share these numbers alone, as in 1-999,3457. Several times: all of them.",
        ),
        click.option(
            "--hide",
            type=NUMBERS,
            multiple=True,
            envvar="P2PCI_HIDE",
            help="Share all but these numbers, whatever --share says.",
        ),
    ]
    return grouped("sharing", _sharing, names=("share", "hide"), options=flags)


def web_options(
    address: ParamType[Any], *, default: str, has_metrics: bool = False
) -> Callable[[Command], Command]:
    """Give a command the flags of a page, as `web`: a Web, or None.

    Args:
        address: reads where the page is to be.
        default: where it is when `--web` says nothing more.
        has_metrics: there is something for programs of operators.
    """
    flags = [
        click.option(
            "--web",
            type=address,
            envvar="P2PCI_WEB",
            is_flag=False,
            flag_value=default,
            help=f"Serve a web page there ({default}); off by default.",
        ),
        click.option(
            "--web-token",
            metavar="TEXT",
            envvar="P2PCI_WEB_TOKEN",
            help="What who opens the page must know; needed where it is not for this machine alone.",
        ),
        click.option(
            "--web-host",
            metavar="NAME",
            multiple=True,
            envvar="P2PCI_WEB_HOST",
            help="Another name that the page goes by. Several times: all of them.",
        ),
    ]
    names = ("web", "web_token", "web_host")
    if has_metrics:
        return grouped(
            "web", _web, names=(*names, "web_open_metrics"), options=[*flags, _open_metrics_option]
        )
    return grouped("web", _web, names=names, options=flags)


_open_metrics_option = click.option(
    "--web-open-metrics",
    is_flag=True,
    envvar="P2PCI_WEB_OPEN_METRICS",
    help="Let /metrics, /healthz and /readyz be asked without the token.",
)


def _follow_flags() -> Sequence[Option]:
    return [
        click.option(
            "--rescan",
            type=SECONDS,
            envvar="P2PCI_RESCAN",
            default=60,
            show_default=True,
            help="Look at the whole folder that often, besides what the system tells of; 0: never.",
        ),
        click.option(
            "--poll",
            is_flag=True,
            envvar="P2PCI_POLL",
            help="Look for changes every second: for network mounts, where the system tells of none.",
        ),
    ]


def _serving_flags(per_address: int) -> Sequence[Option]:
    return [
        *_cap_flags(per_address),
        click.option(
            "--dead-after",
            type=click.IntRange(4, 86_400),
            metavar="SECONDS",
            envvar="P2PCI_DEAD_AFTER",
            default=120,
            show_default=True,
            help="Give up a machine that has gone without a word.",
        ),
        click.option(
            "--allow",
            type=NETWORKS,
            multiple=True,
            envvar="P2PCI_ALLOW",
            help="Take connections from this network alone, as in 192.0.2.0/24. Several times: any of them.",
        ),
        click.option(
            "--deny",
            type=NETWORKS,
            multiple=True,
            envvar="P2PCI_DENY",
            help="Take none from this network, whatever --allow says.",
        ),
    ]


def _cap_flags(per_address: int) -> Sequence[Option]:
    return [
        click.option(
            "--max-connections",
            type=click.IntRange(1),
            envvar="P2PCI_MAX_CONNECTIONS",
            default=50_000,
            show_default=True,
            help="Turn newcomers away when there are so many.",
        ),
        click.option(
            "--max-per-address",
            type=click.IntRange(0),
            envvar="P2PCI_MAX_PER_ADDRESS",
            default=per_address,
            show_default=True,
            help="The same for those of one address, but not for this machine's own; 0: no cap.",
        ),
    ]


def grouped(
    name: str,
    make: Callable[..., object],
    *,
    names: tuple[str, ...],
    options: Sequence[Option],
) -> Callable[[Command], Command]:
    """Give a command options, and in their place what is made of them, under one name."""

    def decorate(command: Command) -> Command:
        def with_group(*arguments: Any, **values: Any) -> Any:
            made = make(**{each: values.pop(each) for each in names})
            return command(*arguments, **values, **{name: made})

        decorated: Command = wraps(command)(with_group)
        for option in reversed(options):
            decorated = option(decorated)
        return decorated

    return decorate


def _serving_limits(
    *, max_connections: int, max_per_address: int, dead_after: int, allow: Any, deny: Any
) -> ServingLimits:
    from p2pci.serving import ServingLimits

    return ServingLimits(
        max_connections=max_connections,
        max_per_address=max_per_address,
        dead_seconds=dead_after,
        allow=sum(allow, ()),
        deny=sum(deny, ()),
    )


def _peer_limits(*, rescan: float, poll: bool, max_uploads: int, rate: int, **serving: Any) -> PeerLimits:
    from p2pci.peer import FollowLimits, PeerLimits
    from p2pci.upload import UploadLimits

    return PeerLimits(
        follow=FollowLimits(rescan_seconds=rescan, polls=poll),
        upload=UploadLimits(slots=max_uploads, rate=rate, serving=_serving_limits(**serving)),
    )


def _web(*, web: Any, web_token: str | None, web_host: Any, web_open_metrics: bool = False) -> Web | None:
    from p2pci.cli.web_pages import Web, require_web

    if web is None:
        if web_token or web_host or web_open_metrics:
            raise click.UsageError("The other flags that begin with --web are for a page. Add --web.")
        return None
    require_web()
    names = tuple(" ".join(web_host).replace(",", " ").split())  # the settings file has all in one
    page = Web(web, token=web_token or "", names=names, opens_metrics=web_open_metrics)
    page.check()
    return page


def _meeting(*, shared: str | None, node: str | None, shared_prefix: str, lease: float) -> Meeting | None:
    from p2pci.cli.meeting import Meeting

    if shared is None:
        if node or shared_prefix != _PREFIX or lease != _LEASE_SECONDS:
            raise click.UsageError(
                "--node, --shared-prefix and --lease are for several servers as one. Add --shared."
            )
        return None
    return Meeting(shared, node, shared_prefix, lease)


def _sharing(*, share: Any, hide: Any) -> Sharing:
    from p2pci.library import Sharing

    return Sharing(only=sum(share, ()), hidden=sum(hide, ()))
