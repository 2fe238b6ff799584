"""What was made a moment ago, with the secret that is shown this once."""

import json
from dataclasses import dataclass, field
from typing import ClassVar

from chalicelib.pages.console.frame import APPLICATIONS, ConsolePage
from chalicelib.pages.console.snippets import Snippet


@dataclass(frozen=True, slots=True)
class MadePage(ConsolePage):
    """Client id and, where there is one, client secret; snippets that use them."""

    TEMPLATE: ClassVar[str] = "console/made.html"
    SECTION: ClassVar[str] = APPLICATIONS.key
    SCRIPTS: ClassVar[tuple[str, ...]] = ("copy.js",)

    heading: str
    name: str
    client_id: str
    client_secret: str = field(repr=False)
    issuer: str
    path: str
    warnings: tuple[str, ...]
    snippets: tuple[Snippet, ...]

    @property
    def download(self) -> str:
        """All that a client needs, as JSON."""
        secret = {"client_secret": self.client_secret} if self.client_secret else {}
        return json.dumps({"issuer": self.issuer, "client_id": self.client_id, **secret}, indent=2)
