"""The environment is read once, and what is malformed is named."""

import pytest

from chalicelib.settings import ConfigurationError, Settings


def test_sessions_have_the_documented_lifetimes() -> None:
    settings = Settings.from_environ({})
    assert (settings.session_idle_minutes, settings.session_maximum_minutes) == (480, 10_080)
    environ = {"GRANTLINE_SESSION_IDLE_MINUTES": "5", "GRANTLINE_SESSION_MAXIMUM_MINUTES": "60"}
    settings = Settings.from_environ(environ)
    assert (settings.session_idle_minutes, settings.session_maximum_minutes) == (5, 60)


@pytest.mark.parametrize("value", ["0", "-1", "1.5", "an hour", "", "nan", "inf", "99999999"])
def test_a_lifetime_that_is_none_is_refused_by_name(value: str) -> None:
    for name in ("GRANTLINE_SESSION_IDLE_MINUTES", "GRANTLINE_SESSION_MAXIMUM_MINUTES"):
        with pytest.raises(ConfigurationError, match=name):
            Settings.from_environ({name: value})


def test_the_default_domain_of_scim_is_a_domain_or_nothing() -> None:
    assert Settings.from_environ({}).scim_default_domain == ""
    name = "GRANTLINE_SCIM_DEFAULT_DOMAIN"
    assert Settings.from_environ({name: " contoso.com "}).scim_default_domain == "contoso.com"
    for value in ("user@contoso.com", "contoso\\user", "x" * 101):
        with pytest.raises(ConfigurationError, match=name):
            Settings.from_environ({name: value})
