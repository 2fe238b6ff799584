"""Static files, the words of pages, and that nobody pays for them who sees none."""

import re
import subprocess
import sys

import pytest

from chalicelib.oauth.scope import SCOPES
from chalicelib.pages.assets import find_asset, load_assets
from chalicelib.pages.content_security import content_security_policy
from chalicelib.pages.display import visible
from chalicelib.pages.rendering import Renderer
from chalicelib.pages.scope_texts import scope_texts
from chalicelib.pages.views import LoggedOutPage
from tests.harness import World

TYPES = {
    "grantline.css": "text/css; charset=utf-8",
    "mark.svg": "image/svg+xml",
    "certificate.js": "text/javascript; charset=utf-8",
    "copy.js": "text/javascript; charset=utf-8",
    "fields.js": "text/javascript; charset=utf-8",
    "suggest.js": "text/javascript; charset=utf-8",
    "lifetime.js": "text/javascript; charset=utf-8",
    "submit.js": "text/javascript; charset=utf-8",
}

TOKEN_REQUEST = """
import sys
from tests.harness import World

world = World()
client = world.add_client()
world.process.get_token(client)
heavy = ("jinja2", "markupsafe", "chalicelib.pages", "chalicelib.endpoints.people")
assert not [name for name in heavy if name in sys.modules], sys.modules.keys()
assert world.process.call("GET", "/login").status == 200
assert "jinja2" in sys.modules
"""


@pytest.mark.parametrize(("file", "media_type"), TYPES.items())
def test_a_static_file_is_kept_for_ever_under_the_hash_of_its_content(
    world: World, file: str, media_type: str
) -> None:
    name = load_assets()[file].name
    reply = world.process.call("GET", f"/static/{name}")
    assert (reply.status, reply.headers["Content-Type"]) == (200, media_type)
    assert reply.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert reply.body == load_assets()[file].content


@pytest.mark.parametrize("name", ["grantline.css", "grantline.0000000000000000.css", "..", "x"])
def test_no_other_name_is_served(world: World, name: str) -> None:
    assert find_asset(name) is None
    assert world.process.call("GET", f"/static/{name}").status == 404


def test_every_asset_is_known_here() -> None:
    assert load_assets().keys() == TYPES.keys()


@pytest.mark.checklist("11")
def test_the_stylesheet_loads_nothing() -> None:
    assert not re.search(r"url\(|@import", load_assets()["grantline.css"].content)


def test_the_stylesheet_serves_light_and_dark_and_its_contrast_is_enough() -> None:
    css = load_assets()["grantline.css"].content
    light, dark = (_colours(block) for block in css.split("@media (prefers-color-scheme: dark)"))
    for colours in (light, dark):
        for text, ground, ratio in (
            ("text", "card", 7.0),
            ("text", "ground", 7.0),
            ("muted", "card", 4.5),
            ("muted", "tag", 4.5),
            ("accent", "card", 4.5),
            ("accent-strong", "card", 4.5),
            ("on-accent", "accent", 4.5),
            ("on-accent", "accent-strong", 4.5),
            ("alert", "alert-ground", 4.5),
            ("ok", "ok-ground", 4.5),
            ("warn", "warn-ground", 4.5),
            ("warn", "card", 4.5),
            ("danger", "card", 4.5),
            ("on-danger", "danger", 4.5),
            ("field-edge", "card", 3.0),
            ("accent", "ground", 3.0),
        ):
            assert _contrast(colours[text], colours[ground]) >= ratio, (text, ground)


def _colours(css: str) -> dict[str, str]:
    found = re.findall(r"--([a-z-]+): #([0-9a-f]{3,6});", css.partition("}")[0])
    return {
        name: value if len(value) == 6 else "".join(c * 2 for c in value) for name, value in found
    }


def _contrast(one: str, other: str) -> float:
    """WCAG 2.2, contrast ratio."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_every_scope_has_its_words() -> None:
    texts = scope_texts(SCOPES)
    assert sorted(text.name for text in texts) == sorted(SCOPES)
    # What is grave is read first.
    assert [text.name for text in texts if text.grave] == ["admin", "user_sync"]
    assert [text.grave for text in texts] == sorted((text.grave for text in texts), reverse=True)


@pytest.mark.checklist("13")
@pytest.mark.parametrize(
    "text",
    ["a\u202eb", "a\u2066b", "a\u200bb", "a\x00b", "a\nb", "a\u2028b", "a\ufeffb", "a\ud800b"],
)
def test_what_cannot_be_seen_is_shown(text: str) -> None:
    assert visible(text) == "a\ufffdb"


@pytest.mark.parametrize("text", ["Käse & Brot", "経費", "مصروفات", "e\u0301"])
def test_other_text_stays(text: str) -> None:
    assert visible(text) == text


@pytest.mark.parametrize(
    ("uri", "sources"),
    [
        ("https://client.example:8443/a?b", "'self' https://client.example:8443"),
        ("bz:oauth:2.0:server:mobiletitlebarbrowser", "'self'"),
        ("javascript:alert(1)", "'self'"),
    ],
)
def test_a_policy_names_origins_alone(uri: str, sources: str) -> None:
    assert f"form-action {sources};" in content_security_policy([uri])


def test_a_path_of_the_issuer_goes_before_every_path_of_ours() -> None:
    html = Renderer("/auth").render(LoggedOutPage())
    assert 'href="/auth/login"' in html
    assert 'href="/auth/static/grantline.' in html


def test_pages_are_imported_when_the_first_one_is_served() -> None:
    done = subprocess.run(  # noqa: S603 - a program of ours
        [sys.executable, "-c", TOKEN_REQUEST], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
