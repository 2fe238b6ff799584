import signal
import socket
import stat
import subprocess
from pathlib import Path

import pytest
import requests

from tests.flows.server import Server, running, start
from tests.flows.visitor import Visitor


def test_when_it_says_ready_it_is_healthy(server: Server) -> None:
    answer = requests.get(server.url("/healthz"), timeout=10)
    assert answer.status_code == 200
    assert answer.json()["status"] == "ok"


def test_the_credentials_hold_what_a_script_needs(server: Server) -> None:
    path = server.directory / "credentials.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(server.directory.stat().st_mode) == 0o700
    held = server.credentials
    assert held["issuer"].startswith("http://127.0.0.1:")
    assert held["administrator"]["user_name"] == "admon"
    for user in (held["administrator"], held["user"]):
        assert user["user_domain"] == "domain"
        assert len(user["password"]) >= 20
    assert set(held["applications"]) == {
        "all",
        "authorization_code",
        "bearer_token",
        "client_certificate",
        "client_credentials",
        "public",
    }
    for application in (held["admin_application"], *held["applications"].values()):
        assert application["client_id"].startswith("app_")
    for name in ("private_key_file", "certificate_file"):
        file = Path(held["applications"]["client_certificate"][name])
        assert file.is_absolute()
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_whoever_reads_what_it_prints_can_log_in(server: Server) -> None:
    at = next(i for i, line in enumerate(server.banner) if line.startswith("  log in"))
    words = server.banner[at + 1].replace(",", "").split()
    visitor = Visitor(server.issuer)
    visitor.open(server.banner[at].split()[-1])
    visitor.log_in({"user_name": words[1], "user_domain": words[3], "password": words[5]})
    assert visitor.title == "Logged in"


def test_an_unknown_path_is_the_gateways_404(server: Server) -> None:
    answer = requests.get(server.url("/nothing"), timeout=10)
    assert (answer.status_code, answer.json()) == (404, {"message": "Not Found"})


def test_chunked_bodies_and_head_are_understood(server: Server) -> None:
    with requests.Session() as session:
        chunked = session.post(
            server.url("/oauth2/server/token"),
            data=iter([b"grant_type=", b"nothing"]),
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            timeout=10,
        )
        assert chunked.json()["error"] == "unsupported_grant_type"
        head = session.head(server.url("/healthz"), timeout=10)
        assert head.content == b""
        # The connection is still in step.
        assert session.get(server.url("/healthz"), timeout=10).status_code == 200


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_it_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    with running(tmp_path) as server:
        server.process.send_signal(number)
        assert server.process.wait(timeout=30) == 0
    assert server.errors == []


def test_a_taken_port_is_said_in_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with start(tmp_path, PORT=str(port)) as process:
            output, errors = process.communicate(timeout=30)
    assert process.returncode == 1
    assert output == ""
    assert len(errors.splitlines()) == 1
    assert f"Port {port}" in errors
    assert not (tmp_path / "credentials.json").exists()


@pytest.mark.parametrize("port", ["eight", "-1", "70000"])
def test_a_port_that_is_none_is_said_in_one_line(tmp_path: Path, port: str) -> None:
    with start(tmp_path, PORT=port) as process:
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 1
    assert len(errors.splitlines()) == 1


def test_it_listens_on_the_loopback_interface_alone(server: Server) -> None:
    port = int(server.issuer.rpartition(":")[2])
    listening = _listening_addresses(port)
    assert listening == {"0100007F"}, listening


def _listening_addresses(port: int) -> set[str]:
    """Local addresses, as the kernel writes them, of sockets that listen on a port."""
    found = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for row in Path(table).read_text(encoding="ascii").splitlines()[1:]:
            _, local, _, state, *_ = row.split()
            address, _, hexadecimal = local.rpartition(":")
            if state == "0A" and int(hexadecimal, 16) == port:
                found.add(address)
    return found


def test_the_printed_address_tries_a_login(server: Server) -> None:
    (line,) = [line for line in server.banner if "try a login" in line]
    visitor = Visitor(server.issuer)
    visitor.open(line.split()[-1])
    visitor.log_in(server.credentials["user"])
    visitor.submit({"decision": "allow"})
    public = server.credentials["applications"]["public"]
    assert visitor.url.startswith(f"{public['redirect_uri']}?code=")


def test_the_printed_lines_work_as_they_are(server: Server) -> None:
    begin = next(i for i, line in enumerate(server.banner) if line.startswith("To paste"))
    examples = "\n".join(server.banner[begin + 1 : -1]).strip().split("\n\n")
    assert len(examples) == 8
    script = "\n".join(["set -euo pipefail", "cd " + str(Path(__file__).parents[2]), *examples])
    done = subprocess.run(  # noqa: S603 - the lines are our own
        ["bash", "-c", script],  # noqa: S607 - wherever bash is
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    answers = done.stdout.splitlines()
    assert len(answers) == 8
    names = [application for application in answers[:6] if '"client_id"' in application]
    assert len(names) == 6
    assert '"active":true' in answers[6]
    assert '"items"' in answers[7]


def test_an_endpoint_that_does_not_answer_is_said_in_one_line(tmp_path: Path) -> None:
    with socket.socket() as reserved:
        # Bound but not listening: whatever connects is refused.
        reserved.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{reserved.getsockname()[1]}"
        with start(tmp_path, AWS_ENDPOINT_URL=endpoint) as process:
            output, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert output == ""
    assert len(errors.splitlines()) == 1


def test_a_malformed_setting_is_said_in_one_line(tmp_path: Path) -> None:
    with start(tmp_path, GRANTLINE_LEASE_SECONDS="long") as process:
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 1
    assert errors.splitlines() == ["GRANTLINE_LEASE_SECONDS must be a number"]
