"""The guard: every kind of credential at every door, and what a refusal says."""

from dataclasses import dataclass
from typing import Any

import pytest

from chalicelib.oauth.certificate_assertion import CertificateHeader
from chalicelib.oauth.errors import (
    InsufficientScope,
    InvalidToken,
    MissingToken,
    OAuthError,
    SeveralCredentials,
)
from chalicelib.oauth.messages import Request
from chalicelib.oauth.model import GrantKind, GrantType, LifeCycle, LifeCycleType
from chalicelib.oauth.validation import TokenValidator
from chalicelib.protected.doors import DOORS, USER_INFO, WHO_AM_I, Door, door_of
from chalicelib.protected.guard import CERTIFICATE_HEADER, Guard
from tests.harness import World
from tests.signing import ISSUER, certificate_key, claims, private_key, sign

SLIDING = LifeCycle(LifeCycleType.SLIDING, 3600)
# UserInfo wants a person's login: tests/flows/test_login.py.
MACHINE_DOORS = [door for door in DOORS if door is not USER_INFO]
SCOPES_OF_DOORS = [
    (door, scope) for door in MACHINE_DOORS for scope in (door.scopes or ("api", "rpa"))
]
ODATA_DOORS = [door for door in DOORS if door.path.startswith("/odata/")]


def named(value: Any) -> str:
    return value.path if isinstance(value, Door) else str(value)


@dataclass
class House:
    """A deployment, its guard, and an administrator whom applications act as."""

    world: World
    guard: Guard
    user_id: str

    def token(self, *scopes: str, **fields: Any) -> str:
        client = self.world.add_client(
            user_id=self.user_id, allowed_scopes=frozenset(scopes), **fields
        )
        return self.world.process.get_token(client).token

    def admit(self, door: Door, method: str = "GET", **headers: str) -> Any:
        lists = {name.replace("_", "-"): [value] for name, value in headers.items()}
        return self.guard.admit(Request(method, door.path, lists), door)


@pytest.fixture
def house() -> House:
    world = World()
    grants = world.stores.grants
    guard = Guard(
        TokenValidator(grants, world.clock), CertificateHeader(grants, world.clock, ISSUER)
    )
    return House(world, guard, world.add_user("admon", "administrator").user_id)


def test_the_map_is_that_of_the_product() -> None:
    assert {door.path: set(door.scopes) for door in DOORS} == {
        "/admin": {"admin"},
        "/odata/data": {"api"},
        "/odata/metadata": {"api"},
        "/odata/query": {"odata_query", "api"},
        "/api/rpa/automation/callback": {"rpa"},
        "/scim/v2": {"user_sync"},
        "/oauth2/server/userinfo": {"openid"},
        "/oauth2/server/whoami": set(),
    }
    with_header = {door for door in DOORS if door.certificate_header}
    assert with_header == {WHO_AM_I, *ODATA_DOORS}


@pytest.mark.parametrize(
    "path", ["/administer", "/adminx/", "/odata", "/scim/v20", "/api/rpa", "/odata/data2", ""]
)
def test_a_path_that_only_begins_alike_lies_behind_no_door(path: str) -> None:
    assert door_of(path) is None


@pytest.mark.parametrize(("door", "scope"), SCOPES_OF_DOORS, ids=named)
def test_each_scope_of_a_door_opens_it(house: House, door: Door, scope: str) -> None:
    access = house.admit(door, authorization=f"Bearer {house.token(scope)}")
    assert access.scopes == {scope}


@pytest.mark.parametrize(("door", "scope"), SCOPES_OF_DOORS, ids=named)
def test_a_bearer_applications_secret_opens_it_as_well(
    house: House, door: Door, scope: str
) -> None:
    # As itself it is nobody's administrator.
    user_id = house.user_id if scope == "admin" else None
    client = house.world.add_client(
        GrantType.BEARER_TOKEN, allowed_scopes=frozenset({scope}), user_id=user_id
    )
    access = house.admit(door, authorization=f"bearer {client.secret}")
    assert access.kind is GrantKind.BEARER_SECRET


@pytest.mark.parametrize("door", MACHINE_DOORS, ids=named)
def test_a_use_extends_a_sliding_token(house: House, door: Door) -> None:
    scopes = door.scopes or ("api",)
    token = house.token(*scopes, life_cycle=SLIDING)
    for _ in range(3):
        house.world.clock.sleep(3000)
        access = house.admit(door, authorization=f"Bearer {token}")
        assert access.ends_at == house.world.clock.now() + 3600
    house.world.clock.sleep(3600)
    with pytest.raises(InvalidToken):
        house.admit(door, authorization=f"Bearer {token}")


@pytest.mark.parametrize("door", [door for door in DOORS if door.scopes], ids=named)
def test_a_refusal_names_the_scope_that_is_lacking(house: House, door: Door) -> None:
    lacking = {"login"} if "api" in door.scopes else {"api"}
    with pytest.raises(InsufficientScope) as refused:
        house.admit(door, authorization=f"Bearer {house.token(*lacking)}")
    challenge = refused.value.headers()["WWW-Authenticate"]
    assert (refused.value.status, refused.value.scope) == (403, door.scopes[0])
    assert challenge.startswith('Bearer realm="grantline", error="insufficient_scope"')
    assert f'scope="{door.scopes[0]}"' in challenge
    assert f'error_description="The scope {" or ".join(door.scopes)} is required."' in challenge


def header_assertion(house: House, *scopes: str) -> str:
    """A JWT as it is sent with a request, of an application with these scopes."""
    now = house.world.clock.now()
    client = house.world.add_client(
        GrantType.CLIENT_CERTIFICATE,
        user_id=house.user_id,
        allowed_scopes=frozenset(scopes),
        certificate=certificate_key(private_key("ES256"), now),
    )
    payload = claims(client.client_id, now, aud=f"{ISSUER}/odata/query")
    return sign(payload, private_key("ES256"))


@pytest.mark.parametrize("door", ODATA_DOORS, ids=named)
def test_a_signed_jwt_in_the_header_opens_what_its_scopes_open(house: House, door: Door) -> None:
    header = {CERTIFICATE_HEADER: header_assertion(house, "odata_query")}
    if "odata_query" in door.scopes:
        assert house.admit(door, **header).kind is GrantKind.CLIENT_CERTIFICATE
        assert house.admit(door, **header).scopes == {"odata_query"}
    else:
        with pytest.raises(InsufficientScope):
            house.admit(door, **header)


@pytest.mark.parametrize("door", [door for door in DOORS if not door.certificate_header], ids=named)
def test_elsewhere_the_header_is_no_credential(house: House, door: Door) -> None:
    header = {CERTIFICATE_HEADER: header_assertion(house, *door.scopes)}
    with pytest.raises(MissingToken):
        house.admit(door, **header)


@pytest.mark.checklist("48")
@pytest.mark.parametrize("door", DOORS, ids=named)
def test_a_signed_jwt_is_no_access_token(house: House, door: Door) -> None:
    with pytest.raises(InvalidToken):
        house.admit(door, authorization=f"Bearer {header_assertion(house, *door.scopes)}")


@pytest.mark.checklist("24")
@pytest.mark.parametrize("door", ODATA_DOORS, ids=named)
def test_two_credentials_are_refused_with_a_challenge(house: House, door: Door) -> None:
    token = house.token("api", "odata_query")
    header = {CERTIFICATE_HEADER: header_assertion(house, "odata_query")}
    with pytest.raises(SeveralCredentials) as refused:
        house.admit(door, authorization=f"Bearer {token}", **header)
    twice = Request("GET", door.path, {"authorization": [f"Bearer {token}"] * 2})
    with pytest.raises(SeveralCredentials):
        house.guard.admit(twice, door)
    assert refused.value.status == 400
    assert 'error="invalid_request"' in refused.value.headers()["WWW-Authenticate"]


@pytest.mark.parametrize(
    "authorization", ["", "Bearer", "Bearer ", "Basic YTpi", "gla_x", "Bearer a b", "Bearer \u00fc"]
)
def test_what_is_no_bearer_token_is_a_401_with_a_challenge(
    house: House, authorization: str
) -> None:
    with pytest.raises(OAuthError) as refused:
        house.admit(WHO_AM_I, authorization=authorization)
    assert refused.value.status == 401
    assert refused.value.headers()["WWW-Authenticate"].startswith('Bearer realm="grantline"')
