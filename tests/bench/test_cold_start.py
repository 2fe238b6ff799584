"""What a token request imports, and that the benchmark runs; no time is asserted."""

import sys

import pytest

from tests.bench import scim
from tests.bench.cold_start import FORBIDDEN, first_request, heaviest
from tests.bench.handler import SUBJECTS, Subject, run
from tests.harness import World

# Whatever else turns up here is paid for by every cold start: import it where it is used.
ALLOWED = frozenset(
    {"aws_lambda_powertools", "botocore", "certifi", "chalice", "dateutil", "jmespath"}
    | {"pynamodb", "six", "typing_extensions", "ulid", "urllib3"}
)
# The app, and what measures the tests.
OURS = frozenset({"app", "chalicelib", "tests", "coverage"})


def test_a_token_request_imports_what_it_needs_and_nothing_else() -> None:
    request = first_request()
    third_party = {
        package
        for package in request.packages - OURS - sys.stdlib_module_names
        if not package.startswith("_")
    }
    assert {"chalice", "pynamodb"} <= third_party <= ALLOWED
    assert not FORBIDDEN & request.packages
    pages = ("chalicelib.pages", "chalicelib.endpoints.people", "chalicelib.endpoints.page_")
    assert not [name for name in request.modules if name.startswith(pages)]


@pytest.mark.parametrize("subject", SUBJECTS, ids=lambda subject: subject.name)
def test_every_subject_of_the_benchmark_can_be_measured(subject: Subject) -> None:
    row = run(subject, batches=1, calls=2)
    assert row.calls <= 2
    assert row.cpu > 0


def test_the_costs_of_scim_can_be_measured() -> None:
    lines = list(scim.report(users=1_001))
    asked = (*scim.questions(""), *scim.group_questions(World()))
    assert len(lines) == len(asked) + 4


def test_import_times_are_summed_by_package() -> None:
    times = {"a": 1000, "a.b": 2000, "c": 2500}
    assert list(heaviest(times)) == [("a", 3.0), ("c", 2.5)]
