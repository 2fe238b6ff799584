"""Composition root: settings, stores, services, blueprints. Importing it does no I/O."""

import os
from functools import partial

from aws_lambda_powertools import Logger
from chalice.app import Blueprint, Chalice

from chalicelib.endpoints import admin as admin_routes
from chalicelib.endpoints import oauth as oauth_routes
from chalicelib.endpoints.adapter import Edge
from chalicelib.endpoints.oauth import OAuthEndpoints, document
from chalicelib.oauth.certificate_assertion import CertificateHeader
from chalicelib.oauth.clock import Clock, SystemClock
from chalicelib.oauth.introspection import IntrospectionEndpoint
from chalicelib.oauth.messages import Request, Response
from chalicelib.oauth.metadata import describe
from chalicelib.oauth.revocation import RevocationEndpoint
from chalicelib.oauth.token_endpoint import TokenEndpoint
from chalicelib.oauth.validation import TokenValidator
from chalicelib.protected.guard import Guard
from chalicelib.protected.whoami import WhoAmI
from chalicelib.settings import Settings
from chalicelib.storage.connection import Connection, request_budget
from chalicelib.storage.stores import Stores, open_stores

APP_NAME = "grantline"


def create_app(
    settings: Settings, *, connection: Connection | None = None, clock: Clock | None = None
) -> Chalice:
    """The Chalice application over DynamoDB, or over what another `connection` reaches."""
    clock = clock or SystemClock()
    stores = open_stores(settings, clock, connection)
    app = Chalice(app_name=APP_NAME, configure_logs=False)
    logger = Logger(service=APP_NAME, level=settings.log_level)
    edge = Edge(app, logger, partial(request_budget, clock), configured=bool(settings.issuer))
    validator = TokenValidator(stores.grants, clock)
    guard = Guard(validator, CertificateHeader(stores.grants, clock, settings.issuer))
    app.register_blueprint(
        _oauth(
            edge,
            settings=settings,
            stores=stores,
            clock=clock,
            validator=validator,
            guard=guard,
        )
    )
    app.register_blueprint(_administration(edge, settings, stores, clock, guard))
    return app


def _oauth(
    edge: Edge,
    *,
    settings: Settings,
    stores: Stores,
    clock: Clock,
    validator: TokenValidator,
    guard: Guard,
) -> Blueprint:
    return oauth_routes.blueprint(
        edge,
        OAuthEndpoints(
            token=TokenEndpoint(stores.grants, clock, settings.issuer),
            introspect=IntrospectionEndpoint(stores.grants, validator, clock, settings.issuer),
            revoke=RevocationEndpoint(stores.grants, clock, settings.issuer),
            whoami=WhoAmI(guard),
            metadata=document(describe(settings.issuer)),
            health=partial(_health, stores),
        ),
    )


def _administration(
    edge: Edge, settings: Settings, stores: Stores, clock: Clock, guard: Guard
) -> Blueprint:
    return admin_routes.blueprint(
        edge,
        partial(
            admin_routes.open_administration,
            guard=guard,
            applications=stores.applications,
            users=stores.users,
            sessions=stores.sessions,
            consents=stores.consents,
            files=stores.certificate_files,
            trail=stores.audit,
            reader=stores.grants,
            clock=clock,
            issuer=settings.issuer,
        ),
    )


def _health(stores: Stores, _: Request) -> Response:
    """Liveness, and whether the tables answer; StoreUnavailable becomes a 503."""
    stores.database.check_health()
    return Response(200, {"status": "ok"})


app = create_app(Settings.from_environ(os.environ))
