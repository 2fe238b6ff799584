"""`/admin/usage` and `/admin/applications/{client_id}/usage`: figures, and moments of last use."""

from chalicelib.administration.views import (
    ApplicationUsageView,
    UsageDayView,
    UsageView,
    rfc3339_or_none,
)
from chalicelib.endpoints.admin_requests import Gate, answer, client_id_of, days_of
from chalicelib.oauth.messages import Request, Response
from chalicelib.registry.applications import Applications
from chalicelib.usage import Usage


class UsageEndpoints:
    """One method an endpoint; each admits the caller before it reads anything else."""

    def __init__(self, gate: Gate, usage: Usage, applications: Applications) -> None:
        self._gate = gate
        self._usage = usage
        self._applications = applications

    def read_days(self, request: Request) -> Response:
        """What was issued and refused on each of the last days."""
        self._gate.admit(request)
        figures = self._usage.last_days(days_of(request))
        return answer(200, UsageView(days=[UsageDayView.model_validate(day) for day in figures]))

    def read_application(self, request: Request) -> Response:
        """When an application and its secrets were used last."""
        self._gate.admit(request)
        client_id = client_id_of(request)
        secrets = self._applications.load(client_id).application.secrets
        ids = [secret.secret_id for secret in secrets]
        last = self._usage.last_uses((client_id, secret_id) for secret_id in (None, *ids))
        view = ApplicationUsageView(
            last_used_at=rfc3339_or_none(last.get((client_id, None))),
            secrets={key: rfc3339_or_none(last.get((client_id, key))) for key in ids},
        )
        return answer(200, view)
