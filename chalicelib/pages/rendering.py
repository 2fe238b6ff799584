"""Renders pages by Jinja2; imported when the first page is served."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from urllib.parse import quote, urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from chalicelib.pages.assets import load_assets
from chalicelib.pages.display import date_text, visible
from chalicelib.pages.views import Page


class Renderer:
    """Turns pages into HTML. `base_path` goes before every path of ours, "" at the root."""

    def __init__(self, base_path: str = "") -> None:
        self._environment = _environment(base_path)

    def render(self, page: Page) -> str:
        """The HTML of a page."""
        return self._environment.get_template(page.TEMPLATE).render(page=page)


@cache
def _environment(base_path: str) -> Environment:
    """One for all renderers of a process: each would compile every template again."""
    environment = Environment(
        loader=PackageLoader("chalicelib.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters.update(exact=_exact, encoded=_encoded, moment=moment, day=date_text)
    environment.globals.update(
        path=lambda path: base_path + path,
        asset=lambda file: f"{base_path}/static/{load_assets()[file].name}",
    )
    return environment


def _shown(value: object) -> object:
    """Whatever a template puts out is made visible, unless the template says `exact`."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _exact(value: str) -> Markup:
    """A value that has to come back as it is, escaped and otherwise untouched."""
    return Markup.escape(value)


def moment(seconds: int) -> str:
    """Epoch seconds as a date and time that a person reads, in UTC: no script knows the zone."""
    return f"{datetime.fromtimestamp(seconds, UTC):%d %B %Y, %H:%M} UTC".removeprefix("0")


def _encoded(parameters: Mapping[str, str]) -> Markup:
    """Parameters as a query string, which holds nothing that HTML would read as its own.

    Every value is percent-encoded to letters, digits and `-._~%`; an ampersand before a name
    of ours is text (HTML §13.1.4), so that the source and the parsed title are the same.
    """
    return Markup(urlencode(parameters, quote_via=quote, safe=""))  # noqa: S704 - see above # nosec B704
