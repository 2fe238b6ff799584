"""The way back in when no administrator is left: provisioning, or a lost password, may do that.

The caller brings rights of another kind, the operator's own AWS credentials.
"""

from dataclasses import replace
from functools import partial

from chalicelib.administration.fields import read_fields
from chalicelib.administration.refusals import FieldsRefused
from chalicelib.audit import Actor
from chalicelib.directory.changes import UserChanges
from chalicelib.directory.form import USER_STAND_INS, NewUserForm
from chalicelib.directory.model import Account, without_tokens
from chalicelib.directory.passwords import hash_password
from chalicelib.directory.stores import UserStore
from chalicelib.directory.users import Users
from chalicelib.oauth.clock import Clock
from chalicelib.oauth.model import Status
from chalicelib.oauth.scope import ADMINISTRATOR


class Recovery:
    """Makes somebody an administrator who can log in."""

    def __init__(self, store: UserStore, clock: Clock) -> None:
        self._store = store
        self._users = Users(store, clock)
        self._changes = UserChanges(store, clock)

    def run(self, user_name: str, user_domain: str, password: str, actor: Actor) -> Account:
        """The user of that name, enabled, with the role and this password; made if there is none.

        Whatever was issued for the user until now is void. Raises FieldsRefused, FieldsTaken,
        Conflict, StoreUnavailable.
        """
        fields = {
            "user_name": user_name,
            "user_domain": user_domain,
            "password": password,
            "roles": [ADMINISTRATOR],
        }
        form, refused = read_fields(NewUserForm, fields, USER_STAND_INS)
        if refused:
            raise FieldsRefused(refused)
        found = self._store.find(form.user_domain, form.user_name)
        if found is None:
            return self._users.create(fields, actor)
        write = partial(self._store.replace, password_hash=hash_password(password))
        user_id = found.user.user_id
        return self._changes.apply(user_id, "user.recovered", _recovered, actor, None, write=write)


def _recovered(before: Account, _: int) -> Account:
    user = without_tokens(before.user)
    roles = user.roles | {ADMINISTRATOR}
    return replace(before, user=replace(user, status=Status.ENABLED, roles=roles), disabled_by=None)
