"""A fresh process: imports the app, answers two requests for a token, tells what that took.

Run as `python -m tests.bench.first_request`; prints JSON. Until the first answer it imports
nothing but the app and the in-memory DynamoDB beneath it.
"""

import json
import os
import sys
from base64 import b64encode
from time import perf_counter
from typing import Any

os.environ.setdefault("AWS_DEFAULT_REGION", "eu-central-1")
TOKEN = "/oauth2/server/token"


def main() -> None:
    """Measure, and print what was measured as the last line."""
    started = perf_counter()
    import app  # noqa: PLC0415 - its import is what is measured

    imported = perf_counter()
    serve, event = _deploy(app)
    ready = perf_counter()
    first = serve(event, None)
    answered = perf_counter()
    second = serve(event, None)
    again = perf_counter()
    result = {
        "statuses": [first["statusCode"], second["statusCode"]],
        "import_ms": (imported - started) * 1000,
        "first_answer_ms": (answered - ready) * 1000,
        "second_answer_ms": (again - answered) * 1000,
        "modules": sorted(sys.modules),
    }
    sys.stdout.write(json.dumps(result) + "\n")


def _deploy(app: Any) -> tuple[Any, dict[str, Any]]:
    """The app over fresh tables with one application, and an event that asks for its token."""
    from chalicelib.audit import Actor, AuditEvent  # noqa: PLC0415 - after the app
    from chalicelib.oauth.clock import SystemClock  # noqa: PLC0415 - as above
    from chalicelib.oauth.ids import new_client_id, new_ulid  # noqa: PLC0415 - as above
    from chalicelib.oauth.model import (  # noqa: PLC0415 - as above
        Application,
        GrantType,
        LifeCycle,
        LifeCycleType,
        Secret,
    )
    from chalicelib.oauth.tokens import (  # noqa: PLC0415 - as above
        TokenKind,
        digest,
        mint,
        new_secret,
    )
    from chalicelib.registry.model import Registration  # noqa: PLC0415 - as above
    from chalicelib.settings import Settings  # noqa: PLC0415 - as above
    from chalicelib.storage.stores import open_stores  # noqa: PLC0415 - as above
    from tests.faults.deployment import StubConnection, make_tables  # noqa: PLC0415 - as above
    from tests.faults.dynamodb import InMemoryDynamoDB  # noqa: PLC0415 - as above

    settings, clock = Settings(issuer="https://login.example.com"), SystemClock()
    database = InMemoryDynamoDB()
    make_tables(database, settings.table_prefix)
    connection = StubConnection(clock, database.send)
    now, client_id, secret_id = clock.now(), new_client_id(), new_ulid()
    value = mint(TokenKind.SECRET, client_id, None, secret_id, new_secret())
    application = Application(
        client_id=client_id,
        name="first",
        grant_type=GrantType.BEARER_TOKEN,
        allowed_scopes=frozenset({"api"}),
        life_cycle=LifeCycle(LifeCycleType.ABSOLUTE, 3600),
        secrets=(Secret(secret_id, digest(value), now),),
    )
    event = AuditEvent(
        new_ulid(), now, "application.created", client_id, Actor(None, None, None, "")
    )
    stores = open_stores(settings, clock, connection)
    stores.applications.create(Registration(application, now, now), (), event)
    credentials = b64encode(f"{client_id}:{value}".encode()).decode()
    return app.create_app(settings, connection=connection, clock=clock), _event(credentials)


def _event(credentials: str) -> dict[str, Any]:
    headers = {
        "Authorization": f"Basic {credentials}",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    return {
        "version": "1.0",
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "multiValueQueryStringParameters": None,
        "pathParameters": None,
        "stageVariables": None,
        "body": "grant_type=client_credentials",
        "isBase64Encoded": False,
        "requestContext": {
            "httpMethod": "POST",
            "resourcePath": TOKEN,
            "path": TOKEN,
            "requestId": "first",
            "identity": {"sourceIp": "192.0.2.1"},
        },
    }


if __name__ == "__main__":
    main()
