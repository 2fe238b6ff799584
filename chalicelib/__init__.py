"""Grantline: the rooms of the house, from the roof to the ground.

==============  =====================================================================
room            what lives there
==============  =====================================================================
cli             the `grantline` command: a client of a deployment (never in the zip)
local           the app behind a WSGI server over in-process moto (never in the zip)
verifier        one file for other people's services: asks introspection (never in the zip)
endpoints       Chalice: one blueprint factory a file, the adapter, the console's screens
storage         PynamoDB tables, S3, the connection beneath: the only home of AWS
pages           Jinja2 templates of login, account and console; imported with the first page
protected       the guard and what the scopes open: OData, SCIM, RPA; other APIs' authorizers
registry        the "OAuth 2.0 Applications" option: form rules, secrets, certificates
directory       users and domains, passwords, browser sessions, consents
administration  what the forms of both share: bodies, fields, refusals
usage           figures of what is issued, refused and used
oauth           the protocol; knows no AWS and no HTTP framework
audit           what an audit event is
paging          pages of a list and their cursors
settings        the environment, read once
==============  =====================================================================

Imports point down only; `endpoints` and `storage` do not know each other: `app.py` joins
them. `lint-imports` (in `make check`) holds the rule, written in `pyproject.toml`.
"""
