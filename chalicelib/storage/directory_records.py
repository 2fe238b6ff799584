"""The records of the table `users` beside the users: domains, addresses, external ids, groups."""

from pynamodb.attributes import UnicodeAttribute

from chalicelib.storage.attributes import WholeNumberAttribute
from chalicelib.storage.records import USERS, ListedRecord, Record

DOMAIN_LIST = "domain"
DELETED_LIST = "deleted user"
GROUP_LIST = "group"


class DomainRecord(ListedRecord):
    """`domain#<folded domain>`: a domain, and how many users are in it.

    Counted in the transaction of each user that comes or goes.
    """

    class Meta:
        """The table."""

        table_name = USERS

    name = UnicodeAttribute()
    users = WholeNumberAttribute()


class MailRecord(ListedRecord):
    """`mail#<folded address>#<user_id>`: that a user has an address, which others may share."""

    class Meta:
        """The table."""

        table_name = USERS

    owner = UnicodeAttribute()


class ExternalIdRecord(Record):
    """`external_id#user#<external id>`, `…#group#…`: marks it as taken by `owner`."""

    class Meta:
        """The table."""

        table_name = USERS

    owner = UnicodeAttribute()


class DeletedUserRecord(ListedRecord):
    """`deleted#<user_id>`: keeps a deleted user in a list of its own, by the name it had."""

    class Meta:
        """The table."""

        table_name = USERS

    owner = UnicodeAttribute()
    folded_name = UnicodeAttribute()
    folded_domain = UnicodeAttribute()


class GroupRecord(Record):
    """`group#<group_id>`: a group. That of a built-in role has only the two numbers."""

    class Meta:
        """The table."""

        table_name = USERS

    group_id = UnicodeAttribute()
    display_name = UnicodeAttribute()
    external_id = UnicodeAttribute(null=True)
    created_at = WholeNumberAttribute()
    updated_at = WholeNumberAttribute()
    version = WholeNumberAttribute()
    members = WholeNumberAttribute()


class GroupNameRecord(ListedRecord):
    """`group_name#<folded name>`: marks a group's name as taken by `owner`, and lists it."""

    class Meta:
        """The table."""

        table_name = USERS

    owner = UnicodeAttribute()


class MemberRecord(ListedRecord):
    """`member#<group_id>#<user_id>`: that a user holds a role, in the list of those who do."""

    class Meta:
        """The table."""

        table_name = USERS

    owner = UnicodeAttribute()
