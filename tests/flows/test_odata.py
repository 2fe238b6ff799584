"""Independent OData clients read the running server."""

import json
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from odata.service import ODataService
from odatapy.client import BearerAuth, EdmEnabledODataClient, Field, PolicyTransport, and_
from odatapy.client.responses import ClientResponse, ODataClientError

from tests.flows.clients import TIMEOUT_SECONDS, Administrator, get_token, sign
from tests.flows.server import Server

NODE = Path(__file__).parents[1] / "browser" / "node"
DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(name="token")
def token_fixture(server: Server) -> str:
    application = server.credentials["admin_application"]
    return str(get_token(server, application, scope="api")["access_token"])


def read(server: Server, path: str, token: str, **options: str) -> Any:
    query = {f"${name}": value for name, value in options.items()}
    answer = requests.get(
        server.url(f"/odata/data/{path}"),
        params=query,
        headers={"Authorization": f"Bearer {token}"},
        timeout=TIMEOUT_SECONDS,
    )
    assert answer.status_code == 200, answer.text
    assert [name.lower() for name in answer.headers].count("odata-version") == 1
    return answer.json()


class RequestsTransport:
    """Sends what odatapy's client asks for by requests."""

    def send(self, method: str, url: str, headers: dict[str, str], body: bytes) -> ClientResponse:
        answer = requests.request(method, url, headers=headers, data=body, timeout=TIMEOUT_SECONDS)
        return ClientResponse(answer.status_code, dict(answer.headers), answer.content)


def test_odatapys_own_client_reads_the_service(server: Server, token: str) -> None:
    transport = PolicyTransport(RequestsTransport(), auth=BearerAuth(token))
    client = EdmEnabledODataClient(server.url("/odata/data"), transport)
    assert client.edm().get_entity_set("Users") is not None
    begins = and_(Field("userName").startswith("j"), Field("status").eq("enabled"))
    users = client.get_entity_set(client.entity_set_uri("Users").filter(begins)).entities
    assert [user.get_value("userName") for user in users] == ["jdoe"]
    key = users[0].get_value("id")
    read_again = client.get_entity(client.entity_uri("Users", key))
    assert read_again.get_value("createdAt") == users[0].get_value("createdAt")
    assert client.get_count(client.entity_set_uri("Domains")) >= 1
    paged = client.iter_entities(client.entity_set_uri("AuditEvents").top(150))
    assert len(list(paged)) <= 150
    with pytest.raises(ODataClientError):
        client.get_entity(client.entity_uri("Users", "nobody"))


def test_python_odata_reads_the_service(server: Server, token: str) -> None:
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {token}"
    url = server.url("/odata/data/")
    service = ODataService(url, reflect_entities=True, session=session, quiet_progress=True)
    user = service.entities["Users"]
    found = service.query(user).filter(user.userName == "jdoe").first()
    assert found.domain == "domain"
    assert service.query(user).get(found.id).userName == "jdoe"
    names = [one.userName for one in service.query(user).order_by(user.userName.asc()).limit(2)]
    assert names == sorted(names)
    begins = service.query(user).filter(user.userName.startswith("j"))
    assert [one.userName for one in begins] == ["jdoe"]


def test_odata_client_reads_the_service(server: Server, token: str) -> None:
    node = shutil.which("node")
    if node is None or not (NODE / "node_modules" / "@odata").is_dir():
        pytest.skip("Node.js or its packages are not installed")
    user_id = read(server, "Users", token, filter="userName eq 'jdoe'")["value"][0]["id"]
    arguments = {
        "issuer": server.issuer,
        "user_id": user_id,
        **{
            name: server.credentials["admin_application"][name]
            for name in ("client_id", "client_secret")
        },
    }
    done = subprocess.run(  # noqa: S603 - a client of the test's own
        [node, "odata-client.mjs", json.dumps(arguments)],
        cwd=NODE,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert (said["read"], said["found"]) == ("jdoe", "jdoe")
    assert said["ordered"] == sorted(said["ordered"])
    assert said["count"] >= 2
    assert said["batch"][1] == 1
    assert said["json"] == "domain"
    assert "nothing" in said["refused"]


def test_a_signed_jwt_in_the_header_opens_queries(server: Server) -> None:
    """The client-certificate application sends its JWT with each request."""
    header = {"X-ClientCertificate-Token": sign(server, f"{server.issuer}/odata/query")}
    url = server.url("/odata/query/executeEntityQuery")
    query = {"entitySet": "Users", "$select": "userName"}
    answer = requests.get(url, params=query, headers=header, timeout=TIMEOUT_SECONDS)
    assert answer.status_code == 200, answer.text
    assert [user["userName"] for user in answer.json()["value"]] == ["jdoe"]
    body = {"entitySet": "Applications", "select": "clientId"}
    header = {"X-ClientCertificate-Token": sign(server, f"{server.issuer}/odata/query")}
    answer = requests.post(url, json=body, headers=header, timeout=TIMEOUT_SECONDS)
    application = server.credentials["applications"]["client_certificate"]
    assert [one["clientId"] for one in answer.json()["value"]] == [application["client_id"]]
    refused = requests.get(server.url("/odata/data/Users"), headers=header, timeout=TIMEOUT_SECONDS)
    assert refused.status_code == 403
    assert refused.headers["OData-Version"] == "4.0"


@dataclass(frozen=True)
class PowerQuery:
    """Asks as the OData.Feed of Excel and Power BI does, with the headers of its documentation."""

    server: Server
    token: str

    def get(self, path: str, accept: str) -> requests.Response:
        headers = {
            "Authorization": f"Bearer {self.token}",
            "OData-MaxVersion": "4.0",
            "MaxDataServiceVersion": "3.0",
            "Accept": accept,
            "Accept-Encoding": "gzip, deflate",
            "User-Agent": "Microsoft.Data.Mashup",
        }
        return requests.get(
            self.server.url(f"/odata/data{path}"), headers=headers, timeout=TIMEOUT_SECONDS
        )


FEED = (
    "application/json;odata.metadata=minimal;q=1.0,application/json;odata=minimalmetadata;q=0.9,"
    "application/atomsvc+xml;q=0.8,application/atom+xml;q=0.8,application/xml;q=0.7,text/plain;q=0.7"
)


def test_power_query_reads_root_model_and_feed_page_by_page(server: Server, token: str) -> None:
    excel = PowerQuery(server, token)
    root = excel.get("/", FEED)
    assert root.status_code == 200, root.text
    assert root.headers["Content-Type"].startswith("application/json;odata.metadata=minimal")
    assert root.headers["OData-Version"] == "4.0"
    context = root.json()["@odata.context"]
    assert context == server.url("/odata/data/$metadata")
    model = excel.get("/$metadata", "application/xml")
    assert model.headers["Content-Type"] == "application/xml"
    assert 'Version="4.0"' in model.text
    assert '<EntitySet Name="Users" EntityType="Grantline.User"/>' in model.text
    page = excel.get("/AuditEvents?$top=1000", FEED).json()
    assert page["@odata.context"] == f"{context}#AuditEvents"
    assert all(link.startswith(server.issuer) for link in [page.get("@odata.nextLink", context)])


def test_the_applications_of_the_page_about_excel_see_what_it_says(
    server: Server, token: str
) -> None:
    page = (DOCS / "connect-excel.md").read_text("utf-8")
    forms = [json.loads(text) for text in re.findall(r"```json\n(.*?)```", page, re.DOTALL)]
    seen = []
    admin = get_token(server, server.credentials["admin_application"], scope="admin")
    for form in forms:
        registered = requests.post(
            server.url("/admin/applications"),
            json=form,
            headers={"Authorization": f"Bearer {admin['access_token']}"},
            timeout=TIMEOUT_SECONDS,
        )
        assert registered.status_code == 201, registered.text
        secret = registered.json()["client_secret"]
        assert PowerQuery(server, secret).get("/", FEED).status_code == 200
        seen.append({user["userName"] for user in read(server, "Users", secret)["value"]})
    everybody = {user["userName"] for user in read(server, "Users", token)["value"]}
    assert seen == [set(), everybody]


def test_power_query_folds_its_steps_into_long_addresses(server: Server, token: str) -> None:
    excel = PowerQuery(server, token)
    columns = "id%2CuserName%2Cdomain%2Cemail%2CgivenName%2CfamilyName%2Cstatus%2CcreatedAt"
    names = "%20or%20".join(f"userName%20eq%20%27user-{number}%27" for number in range(40))
    for path in (
        f"/Users?$select={columns}",
        "/Users?$filter=userName%20eq%20%27jdoe%27&$select=userName&$top=1000",
        f"/Users?$filter=({names})%20and%20status%20eq%20%27enabled%27&$select={columns}",
        "/Users?$orderby=userName%20desc%2Cid&$skip=1&$top=200",
        "/AuditEvents?$filter=at%20ge%202020-01-01T00%3A00%3A00Z%20and%20at%20lt%202099-01-01T00%3A00%3A00Z",
        "/Applications?$filter=contains(name%2C%27Local%27)&$select=name%2CgrantType",
    ):
        answer = excel.get(path, FEED)
        assert answer.status_code == 200, (path, answer.text)
    counted = excel.get("/Users/$count", FEED)
    assert (counted.status_code, int(counted.text) >= 2) == (200, True)


def test_the_pages_about_odata_store_a_query_and_read_it_to_its_end(
    server: Server, token: str
) -> None:
    page = (DOCS / "odata.md").read_text("utf-8")
    administrator = Administrator(server)
    for number in range(5):
        user = {"user_name": f"an-{number}", "user_domain": "pages"}
        assert administrator.send("POST", "/users", user).status_code == 201
    (form,) = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    assert administrator.send("POST", "/queries", json.loads(form)).status_code == 201
    headers = {"Authorization": f"Bearer {token}", "Prefer": "odata.maxpagesize=2"}

    def read(method: str, path: str, body: str = "") -> Any:
        answer = requests.request(
            method,
            server.url(path),
            headers={**headers, **({"Content-Type": "application/json"} if body else {})},
            data=body,
            timeout=TIMEOUT_SECONDS,
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    asked = re.findall(r"^(GET|POST) +(/odata/query/\S+)(?: +(\{.*\}))?$", page, re.MULTILINE)
    seen = [{row["userName"] for row in read(*one)["value"]} for one in asked]
    assert seen == [{"an-0", "an-1"}] * 4

    excel = (DOCS / "connect-excel.md").read_text("utf-8")
    path = re.findall(r'Read\("(.*?)"\)', excel)[0]
    names: list[str] = []
    while path:
        rows = read("GET", f"/{path}")
        names += [row["userName"] for row in rows["value"]]
        path = rows.get("@odata.nextLink", "").partition(f"{server.issuer}/")[2]
    assert names == [f"an-{number}" for number in range(5)]


def test_the_program_of_the_page_about_odata_runs(server: Server, token: str) -> None:
    page = (DOCS / "odata.md").read_text("utf-8")
    (program,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    before = "import requests\nfrom odata.service import ODataService\n"
    given = f"issuer, token = {server.issuer!r}, {token!r}\n"
    done = subprocess.run(  # noqa: S603 - the page is our own
        [sys.executable, "-c", before + given + program],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "'jdoe@example.com'" in done.stdout, done.stderr
