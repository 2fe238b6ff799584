"""Composition root: settings, stores, services, blueprints. Importing it does no I/O."""

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial

from aws_lambda_powertools import Logger
from chalice.app import Blueprint, Chalice

from chalicelib.directory.consents import Consents
from chalicelib.directory.sessions import Sessions
from chalicelib.endpoints import admin as admin_routes
from chalicelib.endpoints import oauth as oauth_routes
from chalicelib.endpoints import odata as odata_routes
from chalicelib.endpoints import pages as page_routes
from chalicelib.endpoints import rpa as rpa_routes
from chalicelib.endpoints import scim as scim_routes
from chalicelib.endpoints.adapter import Edge
from chalicelib.endpoints.authorization import Authorization, authorization
from chalicelib.endpoints.callback_delivery import CallbackDelivery, callback_delivery
from chalicelib.endpoints.console import routes as console_routes
from chalicelib.endpoints.console.backing import Backing
from chalicelib.endpoints.metering import Metering
from chalicelib.endpoints.oauth import OAuthEndpoints, document
from chalicelib.endpoints.rotation import Rotation, rotation
from chalicelib.oauth import key_material
from chalicelib.oauth.authorization_endpoint import AuthorizationEndpoint
from chalicelib.oauth.certificate_assertion import CertificateHeader
from chalicelib.oauth.clock import Clock, SystemClock
from chalicelib.oauth.id_token import IdTokens
from chalicelib.oauth.introspection import IntrospectionEndpoint
from chalicelib.oauth.key_material import Algorithm, KeyPair
from chalicelib.oauth.messages import Request, Response
from chalicelib.oauth.metadata import describe
from chalicelib.oauth.revocation import RevocationEndpoint
from chalicelib.oauth.signing_keys import JWKS_MAX_AGE_SECONDS, KeyProtector, KeyRing
from chalicelib.oauth.token_endpoint import TokenEndpoint
from chalicelib.oauth.validation import TokenValidator
from chalicelib.protected.authorizers.decision import Authorizer
from chalicelib.protected.authorizers.requirements import parse_requirements
from chalicelib.protected.guard import Guard
from chalicelib.protected.rpa.deliveries import Deliveries
from chalicelib.protected.rpa.stores import EventBus
from chalicelib.protected.userinfo import UserInfo
from chalicelib.protected.whoami import WhoAmI
from chalicelib.settings import Settings
from chalicelib.storage.connection import Connection, RequestBudget, request_budget
from chalicelib.storage.event_bus import CallbackBus
from chalicelib.storage.kms import KmsKeyProtector
from chalicelib.storage.stores import Stores, open_stores
from chalicelib.usage import Usage, UsageMeter

APP_NAME = "grantline"


@dataclass(frozen=True, slots=True)
class Parts:
    """What the blueprints are made of."""

    settings: Settings
    clock: Clock
    stores: Stores
    logger: Logger
    budget: Callable[..., AbstractContextManager[RequestBudget]]
    metering: Metering | None
    edge: Edge
    validator: TokenValidator
    guard: Guard
    protector: KeyProtector
    ring: KeyRing
    id_tokens: IdTokens
    deliveries: Deliveries
    token: TokenEndpoint


def create_app(
    settings: Settings,
    *,
    connection: Connection | None = None,
    clock: Clock | None = None,
    protector: KeyProtector | None = None,
    bus: EventBus | None = None,
    generate: Callable[[Algorithm], KeyPair] = key_material.generate,
) -> Chalice:
    """The Chalice application over DynamoDB, KMS and EventBridge, or what stands in for them.

    `generate` makes the key pairs that sign ID tokens.
    """
    app = Chalice(app_name=APP_NAME, configure_logs=False)
    clock = clock or SystemClock()
    parts = _join(
        app,
        settings,
        clock,
        open_stores(settings, clock, connection),
        protector=protector or KmsKeyProtector(clock, settings.key_id),
        bus=bus or CallbackBus(clock, settings.event_bus),
        generate=generate,
    )
    for blueprint in (_oauth, _administration, _odata, _pages, _rpa, _scim, _console):
        app.register_blueprint(blueprint(parts))
    # Functions of their own, each with rights of its own: see infra/template.yaml.
    app.lambda_function(name="rotate_keys")(_rotation(parts))
    app.lambda_function(name="deliver_callbacks")(_delivery(parts))
    app.lambda_function(name="authorize_requests")(_authorization(parts))
    return app


def _join(
    app: Chalice,
    settings: Settings,
    clock: Clock,
    stores: Stores,
    *,
    protector: KeyProtector,
    bus: EventBus,
    generate: Callable[[Algorithm], KeyPair],
) -> Parts:
    logger = Logger(service=APP_NAME, level=settings.log_level)
    budget = partial(request_budget, clock)
    validator = TokenValidator(stores.grants, clock)
    ring = KeyRing(stores.key_rings, protector, clock, settings.issuer, generate)
    id_tokens = IdTokens(ring, settings.issuer)
    meter = UsageMeter(stores.usage, clock, settings.usage_seconds)
    metering = Metering(meter, logger, budget) if settings.usage_seconds else None
    return Parts(
        settings=settings,
        clock=clock,
        stores=stores,
        logger=logger,
        budget=budget,
        metering=metering,
        edge=Edge(app, logger, budget, metering, configured=bool(settings.issuer)),
        validator=validator,
        guard=Guard(validator, CertificateHeader(stores.grants, clock, settings.issuer)),
        protector=protector,
        ring=ring,
        id_tokens=id_tokens,
        deliveries=Deliveries(stores.callbacks, bus, clock),
        token=TokenEndpoint(stores.grants, id_tokens, clock, settings.issuer),
    )


def _oauth(parts: Parts) -> Blueprint:
    grants, clock, issuer = parts.stores.grants, parts.clock, parts.settings.issuer
    return oauth_routes.blueprint(
        parts.edge,
        OAuthEndpoints(
            token=parts.token,
            introspect=IntrospectionEndpoint(grants, parts.validator, clock, issuer),
            revoke=RevocationEndpoint(grants, clock, issuer),
            whoami=WhoAmI(parts.guard),
            userinfo=UserInfo(parts.guard, parts.stores.users),
            metadata=document(describe(issuer)),
            jwks=partial(_jwks, parts.ring),
            health=partial(_health, parts.stores),
        ),
    )


def _administration(parts: Parts) -> Blueprint:
    stores = parts.stores
    return admin_routes.blueprint(
        parts.edge,
        partial(
            admin_routes.open_administration,
            guard=parts.guard,
            applications=stores.applications,
            users=stores.users,
            sessions=stores.sessions,
            consents=stores.consents,
            files=stores.certificate_files,
            trail=stores.audit,
            usage=Usage(stores.usage, parts.clock),
            callbacks=stores.callbacks,
            queries=stores.queries,
            reader=stores.grants,
            ring=parts.ring,
            clock=parts.clock,
            issuer=parts.settings.issuer,
        ),
    )


def _odata(parts: Parts) -> Blueprint:
    stores = parts.stores
    return odata_routes.blueprint(
        parts.edge,
        partial(
            odata_routes.open_odata,
            guard=parts.guard,
            users=stores.users,
            applications=stores.applications,
            trail=stores.audit,
            queries=stores.queries,
            reader=stores.grants,
            secrets=stores.secrets,
            protector=parts.protector,
            issuer=parts.settings.issuer,
        ),
    )


def _pages(parts: Parts) -> Blueprint:
    settings, stores, clock = parts.settings, parts.stores, parts.clock
    return page_routes.blueprint(
        parts.edge,
        partial(
            page_routes.open_pages,
            authorization=AuthorizationEndpoint(stores.grants, clock, settings.issuer),
            sessions=_sessions(parts),
            users=stores.users,
            attempts=stores.attempts,
            consents=stores.consents,
            applications=stores.applications,
            reader=stores.grants,
            id_tokens=parts.id_tokens,
            clock=clock,
            issuer=settings.issuer,
        ),
        settings.issuer,
    )


def _rpa(parts: Parts) -> Blueprint:
    return rpa_routes.blueprint(
        parts.edge,
        partial(
            rpa_routes.open_rpa,
            guard=parts.guard,
            deliveries=parts.deliveries,
            clock=parts.clock,
        ),
    )


def _scim(parts: Parts) -> Blueprint:
    return scim_routes.blueprint(
        parts.edge,
        partial(
            scim_routes.open_scim,
            guard=parts.guard,
            users=parts.stores.users,
            groups=parts.stores.groups,
            clock=parts.clock,
            secrets=parts.stores.secrets,
            protector=parts.protector,
            issuer=parts.settings.issuer,
            default_domain=parts.settings.scim_default_domain,
        ),
    )


def _console(parts: Parts) -> Blueprint:
    stores = parts.stores
    return console_routes.blueprint(
        parts.edge,
        partial(
            console_routes.open_console,
            Backing(
                guard=parts.guard,
                validator=parts.validator,
                token=parts.token,
                sessions=_sessions(parts),
                consents=Consents(stores.consents, parts.clock),
                applications=stores.applications,
                users=stores.users,
                groups=stores.groups,
                files=stores.certificate_files,
                trail=stores.audit,
                grants=stores.grants,
                attempts=stores.attempts,
                ring=parts.ring,
                usage=Usage(stores.usage, parts.clock),
                clock=parts.clock,
                issuer=parts.settings.issuer,
            ),
        ),
        parts.settings.issuer,
    )


def _sessions(parts: Parts) -> Sessions:
    return Sessions(
        parts.stores.sessions,
        parts.clock,
        idle_seconds=parts.settings.session_idle_minutes * 60,
        maximum_seconds=parts.settings.session_maximum_minutes * 60,
    )


def _rotation(parts: Parts) -> Rotation:
    return rotation(parts.ring, parts.clock, parts.logger, parts.budget, parts.settings.issuer)


def _delivery(parts: Parts) -> CallbackDelivery:
    return callback_delivery(
        parts.deliveries, parts.stores.callbacks, parts.clock, parts.logger, parts.budget
    )


def _authorization(parts: Parts) -> Authorization:
    """It decides for other people's APIs."""
    authorizer = Authorizer(parts.validator, parse_requirements(parts.settings.authorizer_scopes))
    return authorization(
        authorizer,
        parts.clock,
        parts.logger,
        parts.budget,
        ttl_seconds=parts.settings.authorizer_ttl_seconds,
        metering=parts.metering,
    )


def _jwks(ring: KeyRing, _: Request) -> Response:
    """The public keys (RFC 7517 §5); the ring is made with the first question."""
    headers = {"Cache-Control": f"public, max-age={JWKS_MAX_AGE_SECONDS}"}
    return Response(200, ring.public_jwks(), headers)


def _health(stores: Stores, _: Request) -> Response:
    """Liveness, and whether the tables answer; StoreUnavailable becomes a 503."""
    stores.database.check_health()
    return Response(200, {"status": "ok"})


app = create_app(Settings.from_environ(os.environ))
# Chalice names the handlers of the further functions `app.rotate_keys` and so on.
rotate_keys = app.handler_map["rotate_keys"]
deliver_callbacks = app.handler_map["deliver_callbacks"]
authorize_requests = app.handler_map["authorize_requests"]
