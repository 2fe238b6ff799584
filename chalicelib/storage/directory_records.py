"""The records of the table `users` beside the users: domains, addresses, external ids, groups."""

from pynamodb.attributes import UnicodeAttribute

from chalicelib.storage.attributes import WholeNumberAttribute
from chalicelib.storage.tables import InUsers, ListedRecord

DOMAIN_LIST = "domain"
DELETED_LIST = "deleted user"
GROUP_LIST = "group"


class DomainRecord(ListedRecord, InUsers):
    """`domain#<folded domain>`: a domain, and how many users are in it.

    Counted in the transaction of each user that comes or goes.
    """

    name = UnicodeAttribute()
    users = WholeNumberAttribute()


class MailRecord(ListedRecord, InUsers):
    """`mail#<folded address>#<user_id>`: that a user has an address, which others may share."""

    owner = UnicodeAttribute()


class ExternalIdRecord(InUsers):
    """`external_id#user#<external id>`, `…#group#…`: marks it as taken by `owner`."""

    owner = UnicodeAttribute()


class DeletedUserRecord(ListedRecord, InUsers):
    """`deleted#<user_id>`: keeps a deleted user in a list of its own, by the name it had."""

    owner = UnicodeAttribute()
    folded_name = UnicodeAttribute()
    folded_domain = UnicodeAttribute()


class GroupRecord(InUsers):
    """`group#<group_id>`: a group. That of a built-in role has only the two numbers."""

    group_id = UnicodeAttribute()
    display_name = UnicodeAttribute()
    external_id = UnicodeAttribute(null=True)
    created_at = WholeNumberAttribute()
    updated_at = WholeNumberAttribute()
    version = WholeNumberAttribute()
    members = WholeNumberAttribute()


class GroupNameRecord(ListedRecord, InUsers):
    """`group_name#<folded name>`: marks a group's name as taken by `owner`, and lists it."""

    owner = UnicodeAttribute()


class MemberRecord(ListedRecord, InUsers):
    """`member#<group_id>#<user_id>`: that a user holds a role, in the list of those who do."""

    owner = UnicodeAttribute()
