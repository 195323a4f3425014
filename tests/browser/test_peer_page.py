"""What people do on the page of a peer: search, fetch, read, follow a reference, mirror, watch."""

from __future__ import annotations

import re
import socket
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.swarm import HERE, Swarm
from tests.cli.process import LOOPBACK

pytestmark = pytest.mark.slow  # the whole of it takes long; make test-all runs it

if TYPE_CHECKING:
    from tests.browser.conftest import OpenPage

expect = pytest.importorskip("playwright.sync_api").expect


def test_titles_of_the_swarm_and_texts_of_the_shelf_are_found_as_one_types(open_page: OpenPage) -> None:
    page = open_page()
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("pige")
    expect(page.get_by_role("listitem")).to_have_count(3)
    expect(page).to_have_url(re.compile(r"/find\?q=pige$"))
    page.get_by_role("searchbox").fill("sentence wrapped")
    expect(page.locator("mark", has_text="sentence").first).to_be_visible()
    page.get_by_role("button", name="Missing").click()
    expect(page.get_by_text("Nothing fits")).to_be_visible()


def test_document_is_fetched_with_progress_and_read(open_page: OpenPage, swarm: Swarm) -> None:
    page = open_page("/find?q=carrier")
    page.get_by_role("button", name="Fetch RFC 7101").click()
    expect(page.get_by_role("progressbar", name="RFC 7101")).to_be_visible()
    expect(page.get_by_text("from 127.0.0.1:")).to_be_visible()
    page.get_by_role("link", name="RFC 7101 is here: read it").click()
    expect(page.get_by_role("heading", name="Congestion of Carrier Pigeons")).to_be_visible()
    assert (swarm.library / "rfc7101.txt").exists()
    page.get_by_role("link", name="Transfers").click()
    expect(page.locator(".hits")).to_contain_text("RFC 7101")


def test_reader_has_contents_sections_and_figures_as_they_were(open_page: OpenPage) -> None:
    page = open_page("/rfc/7001#section-2.1")
    expect(page.locator("#section-2\\.1")).to_be_in_viewport()
    contents = page.get_by_role("navigation", name="Contents")
    contents.get_by_role("link", name="Introduction").click()
    expect(page).to_have_url(re.compile("#section-1$"))
    expect(page.locator("#section-1")).to_be_in_viewport()
    assert "| left  | -------> | right |" in (
        page.locator("pre.figure-text", has_text="left").text_content() or ""
    )
    page.go_back()
    expect(page).to_have_url(re.compile("#section-2.1$"))


def test_reference_to_what_is_missing_fetches_it(open_page: OpenPage, swarm: Swarm) -> None:
    page = open_page("/rfc/7001")
    page.get_by_role("link", name="Section 2.1 of RFC 7002").click()
    expect(page.locator("#section-2\\.1")).to_be_in_viewport()
    page.go_back()
    page.get_by_role("link", name="RFC 7102").click()
    expect(page.get_by_role("heading", name="Talking by Pigeon")).to_be_visible()
    expect(page.get_by_role("heading", name="1. Introduction")).to_be_visible()
    assert (swarm.library / "rfc7102.txt").exists()


def test_address_alone_fetches_nothing(open_page: OpenPage, swarm: Swarm) -> None:
    page = open_page("/rfc/7103")
    expect(page.get_by_text("not on your shelf yet")).to_be_visible()
    expect(page.get_by_role("button", name="Fetch RFC 7103")).to_be_visible()
    assert not (swarm.library / "rfc7103.txt").exists()


def test_selection_is_mirrored_with_its_sources(open_page: OpenPage, swarm: Swarm) -> None:
    page = open_page("/swarm?q=sheep")
    expect(page.get_by_text("3 documents: 0 here, 3 missing")).to_be_visible()
    page.get_by_role("checkbox", name="Choose RFC 7201").check()
    page.get_by_role("button", name="Mirror 1 chosen").click()
    mirror = page.get_by_role("region", name="Mirror")
    expect(mirror).to_contain_text("1 of 1 document")
    expect(mirror).to_contain_text("complete")
    expect(page.get_by_text("3 documents: 1 here, 2 missing")).to_be_visible()
    page.get_by_role("button", name="Mirror all that is missing with “sheep”").click()
    expect(mirror).to_contain_text("2 of 2 documents")
    expect(mirror).to_contain_text("127.0.0.1:")
    expect(page.get_by_text("3 documents: 3 here, 0 missing")).to_be_visible()
    assert {path.name for path in swarm.library.glob("rfc72*.txt")} == {
        f"rfc{n}.txt" for n in (7201, 7202, 7203)
    }


def test_document_on_its_way_to_a_slow_reader_shows_how_far_it_is(open_page: OpenPage, swarm: Swarm) -> None:
    (swarm.library / "rfc7500.txt").write_text("\n\nA Long One\n\n" + "All of it.\n" * 2_000_000)
    page = open_page("/transfers")
    listening = re.search(r"listening on port (\d+)", swarm.peer.output)
    assert listening
    with socket.create_connection((LOOPBACK, int(listening[1]))) as reader:
        reader.sendall(b"GET RFC 7500 P2P-CI/1.0\r\nHost: h\r\nOS: o\r\n\r\n")
        bar = page.get_by_role("progressbar", name="RFC 7500 to {}:{}".format(*reader.getsockname()))
        expect(bar).to_be_visible()
        while reader.recv(1_000_000):
            pass
    expect(bar).to_be_hidden()
    expect(page.get_by_role("row", name="RFC 7500")).to_contain_text("22 MB")


def test_list_keeps_its_page_and_filter_in_its_address(open_page: OpenPage) -> None:
    page = open_page("/swarm")
    page.get_by_role("link", name="Here", exact=True).click()
    expect(page).to_have_url(re.compile(r"/swarm\?only=here$"))
    expect(page.get_by_role("row")).not_to_have_count(0)
    for number in HERE:
        expect(page.get_by_role("link", name=f"RFC {number} is here")).to_be_visible()


def test_health_is_said_in_words_and_the_log_shows_messages(open_page: OpenPage) -> None:
    page = open_page("/peers")
    expect(page.get_by_text("Others can reach you at 127.0.0.1:")).to_be_visible()
    expect(page.get_by_text("this peer", exact=True)).to_be_visible()
    page.get_by_role("link", name="Log").click()
    log = page.get_by_role("log", name="Messages")
    expect(log).to_contain_text("ADD RFC 7001 P2P-CI/1.0")
    expect(log).to_contain_text("P2P-CI/1.0 200 OK")


def test_page_goes_on_with_a_peer_that_was_started_anew(
    open_page: OpenPage, complaints_allowed: list[str]
) -> None:
    complaints_allowed.append("403")  # which the browser notes
    page = open_page("about:blank")

    def age(route: Any) -> None:
        """Give the page with the token of another run."""
        answer = route.fetch()
        route.fulfill(
            response=answer, body=re.sub('token" content="[^"]*', 'token" content="old', answer.text())
        )

    page.route("**/swarm", age)
    page.goto("/swarm")
    with page.expect_response(lambda answer: answer.request.method == "POST" and answer.ok):
        page.get_by_role("button", name="Read anew").click()
