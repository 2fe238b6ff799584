"""What a command is given beside its arguments: secrets, files, confirmations."""

import getpass
import json
import os
import sys
from base64 import b64encode
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import yaml

from chalicelib.cli.failures import ExitCode, Failure, refuse_usage
from chalicelib.cli.output import say

MAXIMUM_SECRET_LENGTH = 4_096
MAXIMUM_FILE_BYTES = 10_000_000


class _Loader(yaml.SafeLoader):
    """Dates stay the texts that they are written as; aliases unfold to no more than a file.

    No name stands twice in one object: of two lines that a merge left, the last would win.
    """

    yaml_implicit_resolvers = {  # noqa: RUF012 - as its parent declares it
        first: [entry for entry in entries if entry[0] != "tag:yaml.org,2002:timestamp"]
        for first, entries in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def __init__(self, stream: bytes) -> None:
        super().__init__(stream)
        # Characters and values so far, as if every alias were written out, and those of each node.
        self._unfolded = 0
        self._sizes: dict[int, int] = {}

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Raises YAMLError where a few lines of aliases mean more than any memory holds."""
        is_alias = self.check_event(yaml.AliasEvent)
        before = self._unfolded
        node = super().compose_node(parent, index)
        if is_alias:
            # One without a size is within itself.
            self._unfolded += self._sizes.get(id(node), MAXIMUM_FILE_BYTES)
        else:
            self._unfolded += 1 + (len(node.value) if isinstance(node, yaml.ScalarNode) else 0)
            self._sizes[id(node)] = self._unfolded - before
            if isinstance(node, yaml.MappingNode):
                _require_single_names(node)
        if self._unfolded > MAXIMUM_FILE_BYTES:
            raise yaml.YAMLError(f"its aliases unfold to over {MAXIMUM_FILE_BYTES} characters")
        return node


# A value that a tag names, but that cannot be one, fails within the loader in many ways.
_UNREADABLE = (
    yaml.YAMLError, ValueError, TypeError, RecursionError, AttributeError, LookupError,
)  # fmt: skip


def _require_single_names(node: yaml.MappingNode) -> None:
    """Raises YAMLError where a name is repeated; what is merged into it is not here yet."""
    seen: set[str] = set()
    for key, _ in node.value:
        if isinstance(key, yaml.ScalarNode):
            if key.value in seen:
                line = key.start_mark.line + 1
                raise yaml.YAMLError(f"{key.value} is there a second time in line {line}")
            seen.add(key.value)


def read_secret(what: str, variable: str) -> str:
    """A secret from the environment, a pipe, or a prompt without echo; never from an argument.

    Raises Failure where none of these gives one.
    """
    value = os.environ.get(variable)
    if not value:
        if sys.stdin.isatty():
            value = getpass.getpass(f"{what}: ", stream=sys.stderr)
        else:
            value = _read_line(what)
    if not value:
        raise refuse_usage(f"{what} is needed: at the prompt, by a pipe, or in {variable}.")
    if len(value) > MAXIMUM_SECRET_LENGTH:
        raise refuse_usage(f"{what} is longer than {MAXIMUM_SECRET_LENGTH} characters.")
    return value


def _read_line(what: str) -> str:
    try:
        return sys.stdin.readline(MAXIMUM_SECRET_LENGTH + 2).rstrip("\r\n")
    except UnicodeDecodeError:
        raise refuse_usage(f"{what} must be text in UTF-8.") from None


def read_new_password() -> str:
    """As `read_secret`; typed twice at a prompt."""
    first = read_secret("New password", "GRANTLINE_NEW_PASSWORD")
    typed = sys.stdin.isatty() and not os.environ.get("GRANTLINE_NEW_PASSWORD")
    if typed and getpass.getpass("Again: ", stream=sys.stderr) != first:
        raise refuse_usage("The two passwords differ.")
    return first


def read_bytes(name: str) -> bytes:
    """A file, or standard input for `-`. Raises Failure."""
    try:
        with nullcontext(sys.stdin.buffer) if name == "-" else Path(name).open("rb") as file:
            content = file.read(MAXIMUM_FILE_BYTES + 1)
    except OSError as error:
        raise refuse_usage(f"{name} cannot be read: {error.strerror}.") from None
    if len(content) > MAXIMUM_FILE_BYTES:
        raise refuse_usage(f"{name} is over {MAXIMUM_FILE_BYTES} bytes.")
    return content


def read_document(name: str) -> Any:
    """JSON or YAML, of which JSON is a part, and no value that JSON has not. Raises Failure."""
    try:
        document = _Loader(read_bytes(name)).get_single_data()
        json.dumps(document, allow_nan=False)
    except _UNREADABLE as error:
        problem = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise refuse_usage(f"{name} is neither YAML nor JSON: {problem}") from None
    return document


def read_mapping(name: str) -> dict[str, Any]:
    """A document that is an object. Raises Failure."""
    document = read_document(name)
    if not isinstance(document, dict) or not all(isinstance(key, str) for key in document):
        raise refuse_usage(f"{name} must hold an object of named fields.")
    return document


def read_certificate(name: str) -> str:
    """A certificate as the forms take it: PEM as it is, DER in base64. Raises Failure."""
    content = read_bytes(name)
    if b"PRIVATE KEY-----" in content:
        # The server would refuse it, and have seen it.
        raise refuse_usage(f"{name} holds a private key, which was sent nowhere.")
    return certificate_text(content)


def certificate_text(content: bytes) -> str:
    """PEM as it is, DER in base64."""
    try:
        return content.decode("ascii")
    except UnicodeDecodeError:
        return b64encode(content).decode("ascii")


def read_json(text: str) -> Any:
    """JSON from an argument, a file (`@name`) or standard input (`-`). Raises Failure."""
    named = text == "-" or text.startswith("@")
    try:
        return json.loads(read_bytes(text.removeprefix("@")) if named else text)
    except (ValueError, RecursionError):
        raise refuse_usage("The data is not JSON.") from None


def confirm(what: str, expected: str, *, assumed: bool) -> None:
    """Let go on who types `expected`, or said so before with `--yes`. Raises Failure."""
    if assumed:
        return
    if not sys.stdin.isatty():
        raise refuse_usage(f"{what} To do this without being asked, say --yes.")
    say(f"{what} Type {expected} to go on:")
    if sys.stdin.readline().rstrip("\n") != expected:
        raise Failure(ExitCode.REFUSED, "Nothing was changed.")


def user_fields(label: str) -> Mapping[str, str]:
    r"""`user_name` and `user_domain` of `domain\user` or `user@domain`. Raises Failure."""
    if "\\" in label:
        domain, _, name = label.partition("\\")
    else:
        name, _, domain = label.rpartition("@")
    if not name or not domain:
        raise refuse_usage(rf"{label}: say a user as user@domain or domain\user.")
    return {"user_name": name, "user_domain": domain}
