"""Rights that SCIM takes away are gone when it says so, and never those of who takes them away."""

from tests.harness import World
from tests.scim import USERS, Provisioner, administrators_client, error, operation

ADA = "ada@contoso.com"


def test_a_repeated_deactivation_waits_for_leases_too() -> None:
    client = Provisioner(World(lease_seconds=1.0))
    path, off = f"{USERS}/{client.create(ADA)['id']}", operation("replace", "active", value=False)
    for _ in range(2):
        before = client.world.clock.monotonic()
        client.patched(path, off)
        assert client.world.clock.monotonic() - before == 1.0
    admin = administrators_client(client.world)
    made = admin.create("bob@contoso.com")
    left = operation("remove", "members", [{"value": made["id"]}])
    before = client.world.clock.monotonic()
    admin.patched("/Groups/administrator", left)
    assert client.world.clock.monotonic() - before == 1.0
    gone = f"{USERS}/{made['id']}"
    for status in (204, 404):
        before = client.world.clock.monotonic()
        assert client.call("DELETE", gone).status == status
        assert client.world.clock.monotonic() - before == 1.0
    before = client.world.clock.monotonic()
    for nobody in ("usr_0000000000000000000000000x", "nobody"):
        assert client.call("DELETE", f"{USERS}/{nobody}").status == 404
    assert client.world.clock.monotonic() == before


def test_a_repeated_list_of_administrators_waits_for_leases_too() -> None:
    admin = administrators_client(World(lease_seconds=1.0))
    path = "/Groups/administrator"
    (own,) = admin.get(path)["members"]
    admin.patched(path, operation("add", "members", [{"value": admin.create(ADA)["id"]}]))
    for _ in range(2):
        before = admin.world.clock.monotonic()
        admin.patched(path, operation("replace", "members", [{"value": own["value"]}]))
        assert admin.world.clock.monotonic() - before == 1.0


def test_an_application_does_not_end_the_account_that_it_acts_as() -> None:
    admin = administrators_client(World())
    (own,) = admin.get("/Groups/administrator")["members"]
    path, before = f"{USERS}/{own['value']}", admin.world.database.snapshot()
    everybody_else = operation("replace", "members", [])
    for refused in (
        admin.patch(path, operation("replace", "active", value=False)),
        admin.call("DELETE", path),
        admin.patch("/Groups/administrator", operation("remove", "members", [own])),
        admin.patch("/Groups/administrator", everybody_else),
    ):
        assert error(refused) == (403, None)
    assert admin.world.database.snapshot() == before
    assert admin.patched(path, operation("replace", "title", value="CIO"))["title"] == "CIO"
