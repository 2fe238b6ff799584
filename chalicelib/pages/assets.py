"""Static files, served flat under a name that holds the hash of their content."""

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

_MEDIA_TYPES = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
_HASH_CHARACTERS = 16
# One stylesheet is served; it is kept in parts, which build on those before them.
_STYLESHEET = "grantline.css"
_STYLES = (
    _STYLESHEET,
    "console.css",
    "console_list.css",
    "console_form.css",
    "console_figures.css",
)


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it is sent; `name` changes whenever `content` does, so it may be kept for ever."""

    name: str
    media_type: str
    content: str


@cache
def load_assets() -> dict[str, Asset]:
    """Every asset by its file name; read at the first page of a process."""
    folder = files("chalicelib.pages").joinpath("static")
    texts = {file.name: file.read_text("utf-8") for file in folder.iterdir()}
    parts = [texts.pop(name) for name in _STYLES]
    texts[_STYLESHEET] = "\n".join(parts)
    return {name: _load(name, text) for name, text in texts.items()}


def find_asset(name: str) -> Asset | None:
    """The asset of a name with its hash, exactly as pages link to it."""
    return next((asset for asset in load_assets().values() if asset.name == name), None)


def _load(file_name: str, content: str) -> Asset:
    stem, _, extension = file_name.rpartition(".")
    digest = hashlib.sha256(content.encode("utf-8")).hexdigest()[:_HASH_CHARACTERS]
    return Asset(f"{stem}.{digest}.{extension}", _MEDIA_TYPES[extension], content)
