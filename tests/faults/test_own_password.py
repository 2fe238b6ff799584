"""Faults at every AWS call of a person's own change of password: all of it or nothing."""

import pytest

from chalicelib.directory.passwords import WrongPassword, verify_password
from tests.faults.operations import Operation, Send
from tests.faults.test_injection import FAULTS, Fault, Trial, kills
from tests.harness import World
from tests.pages.browser import PASSWORD, Browser, add_person

NEW = "another horse battery"


def prepare(world: World) -> Send:
    """The form of a person who is logged in, filled in and not yet sent."""
    add_person(world)
    browser = Browser(world)
    browser.get("/account/password")
    browser.follow(browser.log_in())
    form = browser.page.form
    typed = {"password": PASSWORD, "new_password": NEW, "repeat_password": NEW}
    cookies = {"Cookie": "; ".join(f"{name}={value}" for name, value in browser.cookies.items())}

    return lambda process: process.post_form(form.action, form.fields | typed, cookies)


CHANGE = Operation("change one's own password", prepare, 303)


def is_changed(trial: Trial) -> bool:
    """Whether the new password counts; then the epoch moved on and an event was written."""
    stores = trial.world.stores
    account = stores.users.find("domain", "jdoe")
    assert account is not None
    hashed = stores.users.load_password_hash(account.user.user_id)
    assert hashed is not None
    try:
        verify_password(NEW, hashed)
    except WrongPassword:
        changed = False
    else:
        changed = True
    events = stores.audit.list_events(account.user.user_id, None, 10).items
    written = [event for event in events if event.action == "user.password_changed"]
    assert (account.user.token_epoch, len(written)) == ((1, 1) if changed else (0, 0))
    sessions = stores.sessions.load(account.user.user_id).sessions.sessions.values()
    # The sessions of before are of the epoch before.
    assert changed or all(session.user_epoch == 0 for session in sessions)
    return changed


def calls() -> int:
    trial = Trial(CHANGE)
    assert trial.send().status == CHANGE.status
    assert is_changed(trial)
    return trial.calls


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
@pytest.mark.checklist("50")
def test_one_fault_at_any_call_changes_nothing_for_the_person(fault: Fault) -> None:
    for last in range(calls()):
        trial = Trial(CHANGE)
        assert trial.send(fault, last).status == CHANGE.status, last
        assert is_changed(trial)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
@pytest.mark.checklist("50")
def test_storage_that_stays_away_leaves_the_old_password_or_the_new_one(fault: Fault) -> None:
    for last in range(calls()):
        trial = Trial(CHANGE)
        reply = trial.send(fault, last, persistent=True)
        assert reply.status in (303, 503)
        assert is_changed(trial) or reply.status == 503


@pytest.mark.checklist("50")
def test_a_process_killed_between_any_two_calls_leaves_one_of_them() -> None:
    assert {is_changed(trial) for trial in kills(CHANGE)} == {False, True}
