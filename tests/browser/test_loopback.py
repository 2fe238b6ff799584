"""The strategy of a port on the user's own machine: the answer reaches whoever listens there."""

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser

from tests.browser import client_site
from tests.browser.pages import visiting
from tests.flows.server import Server

LISTENERS = [
    pytest.param(("http://127.0.0.1:{}/", "127.0.0.1"), id="ipv4"),
    pytest.param(("http://[::1]:{}/", "::1"), id="ipv6"),
    pytest.param(("https://localhost:{}/", "127.0.0.1"), id="tls"),
]


@pytest.mark.parametrize("mode", ["query", "form_post"])
@pytest.mark.parametrize("listener", LISTENERS)
def test_any_port_of_the_machine_gets_the_code(
    browser: Browser, server: Server, tmp_path: Path, listener: tuple[str, str], mode: str
) -> None:
    uri, address = listener
    directory = tmp_path if uri.startswith("https") else None
    with client_site.serving(directory, address) as site, visiting(browser, server) as visit:
        redirect_uri = uri.format(site.port)
        visit.authorize("public", redirect_uri=redirect_uri, response_mode=mode)
        visit.log_in()
        visit.keep("consent-public")
        visit.decide("allow")
        visit.page.wait_for_url(f"{redirect_uri}**")
    if mode == "query":
        answer = parse_qs(urlsplit(site.asked[0]).query)
        assert answer["code"][0].startswith("glc_")
        assert answer["iss"] == [server.issuer]
    else:
        assert site.asked[0] == "/"
