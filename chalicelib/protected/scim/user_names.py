r"""`userName`: a user and a domain in one text, `user@domain` or `domain\user`."""

from chalicelib.directory.model import Account, fold


def parse(value: str, default_domain: str) -> tuple[str, str]:
    """Name and domain; `default_domain` where the text carries none, which may be empty.

    What separates them is taken once: the first backslash, else the last @.
    """
    domain, backslash, name = value.partition("\\")
    if backslash:
        return name, domain
    name, at, domain = value.rpartition("@")
    return (name, domain) if at else (value, default_domain)


def carries_domain(value: str) -> bool:
    """Whether a `userName` names a domain of its own."""
    return "\\" in value or "@" in value


def render(account: Account, default_domain: str) -> str:
    """The `userName` as the client sent it while it still names this user, else `user@domain`.

    Clients compare what they read with what they wrote.
    """
    user, sent = account.user, account.attributes.get("userName")
    if isinstance(sent, str):
        name, domain = parse(sent, default_domain)
        if (fold(name), fold(domain)) == (fold(user.user_name), fold(user.user_domain)):
            return sent
    return f"{user.user_name}@{user.user_domain}"


def render_domain(account: Account, default_domain: str) -> str | None:
    """The domain that the extension tells; None for the deployment's default."""
    domain = account.user.user_domain
    return None if default_domain and fold(domain) == fold(default_domain) else domain


def read(
    user_name: str, domain: str | None, before: Account | None, default_domain: str
) -> tuple[str, str]:
    """Name and domain that a resource asks for; what changed since `before` decides.

    Raises ValueError where nothing says the domain, or two things say different ones.
    """
    old_name = None if before is None else render(before, default_domain)
    old_domain = None if before is None else render_domain(before, default_domain)
    if before is not None and (user_name, domain) == (old_name, old_domain):
        return before.user.user_name, before.user.user_domain
    if user_name == old_name and domain != old_domain:
        # Only the extension changed: the user moves, whatever domain the old userName names.
        name = parse(user_name, "")[0]
        return name, _require(domain or default_domain)
    name, carried = parse(user_name, "")
    if not carries_domain(user_name):
        return name, _require(domain or default_domain)
    if domain is not None and domain != old_domain and fold(domain) != fold(carried):
        raise ValueError("userName and domain name different domains")
    return name, _require(carried)


def _require(domain: str) -> str:
    if not domain:
        raise ValueError("userName needs a domain: user@domain, or the extension's domain")
    return domain
