import stat
from pathlib import Path

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from chalicelib.local import assertion, certificate, credentials
from chalicelib.local.examples import examples

NOW = 1_800_000_000


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def seeded(directory: Path) -> credentials.Credentials:
    generated = certificate.generate("Example", NOW)
    key_file = directory / "key.pem"
    credentials.write_private(key_file, generated.private_key)
    pair = {"client_id": "app_1", "client_secret": "s"}
    return {
        "issuer": "http://127.0.0.1:1",
        "admin_application": pair,
        "applications": {
            "client_credentials": pair,
            "bearer_token": pair,
            "client_certificate": {
                "client_id": "app_2",
                "client_secret": None,
                "private_key_file": str(key_file),
            },
        },
    }


def test_credentials_are_readable_by_their_owner_alone(tmp_path: Path) -> None:
    directory = tmp_path / "deep" / ".local"
    credentials.prepare(directory)
    path = credentials.save(directory, {"issuer": "one"})
    assert mode(directory) == 0o700
    assert mode(path) == 0o600
    assert credentials.load(directory) == {"issuer": "one"}


def test_credentials_replace_older_ones_whatever_their_mode(tmp_path: Path) -> None:
    old = tmp_path / credentials.FILE_NAME
    old.write_text("{}")
    old.chmod(0o644)
    credentials.save(tmp_path, {"issuer": "two"})
    assert mode(old) == 0o600
    assert credentials.load(tmp_path) == {"issuer": "two"}
    assert [path.name for path in tmp_path.iterdir()] == [credentials.FILE_NAME]


def test_the_directory_can_be_chosen() -> None:
    assert credentials.directory_of({}) == Path(".local")
    assert credentials.directory_of({credentials.DIRECTORY_VARIABLE: "x"}) == Path("x")


def test_a_generated_certificate_is_valid_now_and_no_authority() -> None:
    generated = certificate.generate("Example", NOW)
    parsed = x509.load_pem_x509_certificate(generated.certificate)
    key = parsed.public_key()
    assert isinstance(key, RSAPublicKey)
    assert key.key_size == 2048
    assert parsed.not_valid_before_utc.timestamp() < NOW < parsed.not_valid_after_utc.timestamp()
    assert not parsed.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert "PRIVATE" not in repr(generated)


@pytest.mark.parametrize(
    ("option", "audience"),
    [([], "http://127.0.0.1:1"), (["--header"], "http://127.0.0.1:1/odata/query")],
)
def test_the_signing_command_signs_for_its_use(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], option: list[str], audience: str
) -> None:
    credentials.save(tmp_path, seeded(tmp_path))
    assert assertion.main(["--directory", str(tmp_path), *option]) == 0
    claims = jwt.decode(capsys.readouterr().out.strip(), options={"verify_signature": False})
    assert claims["iss"] == claims["sub"] == "app_2"
    assert claims["aud"] == audience
    assert claims["exp"] - claims["iat"] == assertion.LIFETIME_SECONDS
    assert claims["jti"]


def test_the_examples_name_the_directory_only_when_it_is_another(tmp_path: Path) -> None:
    for directory, is_named in ((Path(".local"), False), (tmp_path, True)):
        text = "\n".join(line for _, ls in examples(seeded(tmp_path), directory) for line in ls)
        assert ("--directory" in text) is is_named
