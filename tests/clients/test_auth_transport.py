"""How requests reach the server: TLS, proxies, addresses beyond loopback; and the key of the secrets."""

import base64
import datetime
import ipaddress
import os
import shutil
import socket
import ssl
import subprocess

import pytest
import requests
from credentials import client, create, is_known, refusal, sql, user, wait_until_known
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from server import binary, clean_environment, wait_for


def certificate(directory, name):
    """A self-signed certificate for this machine, and its key; both as paths."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    paths = directory / f"{name}.pem", directory / f"{name}.key"
    paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    form = serialization.PrivateFormat.PKCS8
    paths[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
    return paths


def common_name(server) -> str:
    port = int(server.endpoint.rsplit(":", 1)[1])
    pem = ssl.get_server_certificate(("127.0.0.1", port))
    return x509.load_pem_x509_certificate(pem.encode()).subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value


def other_address() -> str | None:
    """An address of this machine that is not loopback."""
    found = {info[4][0] for info in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)}
    return next((address for address in found if not address.startswith("127.")), None)


def refused(*arguments, environment=None) -> str:
    command = [binary(), "serve", "--listen", "127.0.0.1:0", *map(str, arguments)]
    done = subprocess.run(command, env=clean_environment() | (environment or {}), capture_output=True, text=True, timeout=30)
    assert done.returncode > 0
    return done.stderr


@pytest.fixture
def tls_server(make_server, tmp_path):
    cert, key = certificate(tmp_path, "first")
    ada = create(tmp_path / "data", "ada")
    running = make_server(args=("--tls-cert", str(cert), "--tls-key", str(key)), ca=str(cert))
    return running, ada, cert, key


def test_clients_over_tls(tls_server):
    running, ada, cert, _ = tls_server
    assert running.endpoint.startswith("https://")
    assert client(running, ada).list_variant_stores()["variantStores"] == []
    assert is_known(running, ada), "Basic credentials are fine over TLS"
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(f"{running.endpoint}/health/live", timeout=10)
    with pytest.raises(requests.exceptions.ConnectionError):
        requests.get(running.endpoint.replace("https", "http") + "/health/live", timeout=10)

    settings = clean_environment() | {
        "VARBERG_ENDPOINT": running.endpoint,
        "VARBERG_ACCESS_KEY_ID": ada["accessKeyId"],
        "VARBERG_SECRET_ACCESS_KEY": ada["secretAccessKey"],
    }
    run = lambda more: subprocess.run([binary(), "store", "list"], env=settings | more, capture_output=True, text=True, timeout=60)  # noqa: E731
    untrusted = run({})
    assert untrusted.returncode == 1 and "VARBERG_CA_BUNDLE" in untrusted.stderr, untrusted.stderr
    for name in ("VARBERG_CA_BUNDLE", "AWS_CA_BUNDLE"):
        assert run({name: str(cert)}).returncode == 0
    assert "cannot read" in run({"VARBERG_CA_BUNDLE": "/no/such/file"}).stderr


def test_a_changed_certificate_is_taken_up(tls_server, tmp_path):
    running, ada, cert, key = tls_server
    assert common_name(running) == "first"
    new_cert, new_key = certificate(tmp_path, "second")
    # As tools for certificates do: each file replaced at once, one after the other.
    for new, old in ((new_key, key), (new_cert, cert)):
        os.replace(shutil.copy(new, new.with_suffix(".copy")), old)
    wait_for(lambda: common_name(running) == "second", "the new certificate", 10)
    assert client(running, ada).list_variant_stores()["variantStores"] == []

    cert.write_text("nothing of use")
    wait_for(lambda: common_name(running) and "stays in force" in running.log(), "the complaint about the file", 10)
    assert common_name(running) == "second"


def test_files_that_are_no_certificate_are_refused_at_start(tmp_path):
    cert, key = certificate(tmp_path, "one")
    _, other = certificate(tmp_path, "other")
    data = ("--data-dir", tmp_path / "data")
    assert "given together" in refused("--tls-cert", cert, *data)
    assert "no/such" in refused("--tls-cert", "/no/such", "--tls-key", key, *data)
    assert "not the key" in refused("--tls-cert", cert, "--tls-key", other, *data)
    assert "no certificate" in refused("--tls-cert", key, "--tls-key", key, *data)


def test_beyond_loopback_only_with_users_and_encrypted_or_behind_a_proxy(tmp_path, make_server):
    cert, key = certificate(tmp_path, "one")
    data = tmp_path / "data"
    public = ("--listen", "0.0.0.0:0", "--data-dir", data)
    tls = ("--tls-cert", cert, "--tls-key", key)
    start = lambda *more: subprocess.run(  # noqa: E731
        [binary(), "serve", *map(str, public + more)], env=clean_environment(), capture_output=True, text=True, timeout=30
    )
    for more in ((), tls, ("--behind-proxy",)):
        done = start(*more)
        assert done.returncode == 2 and "varberg user create" in done.stderr, done.stderr
    assert not data.exists()
    ada = create(data, "ada")
    clear = start()
    assert clear.returncode == 2 and "--tls-cert" in clear.stderr and "--behind-proxy" in clear.stderr
    user("delete", "ada", data_dir=data)
    for more in (tls, ("--behind-proxy",)):
        done = start(*more)
        assert done.returncode != 0 and "varberg user create" in done.stderr, done.stderr

    ada = create(data, "ada")
    running = make_server(args=("--behind-proxy",), listen="0.0.0.0:0")
    assert client(running, ada).list_variant_stores()["variantStores"] == []
    address = other_address()
    if address:
        far = f"http://{address}:{running.endpoint.rsplit(':', 1)[1]}"
        pair = (ada["accessKeyId"], ada["secretAccessKey"])
        for headers in ({}, {"X-Forwarded-Proto": "https", "X-Forwarded-For": "127.0.0.1", "Forwarded": "for=127.0.0.1;proto=https"}):
            answer = requests.post(f"{far}/sql", data="SELECT 1", auth=pair, headers=headers, timeout=10)
            assert (answer.status_code, answer.headers["x-amzn-errortype"]) == (403, "AccessDeniedException"), answer.text
        running.endpoint, near = far, running.endpoint
        assert client(running, ada).list_variant_stores()["variantStores"] == [], "signatures are fine"
        running.endpoint = near

    # The last user goes: the server closes.
    user("delete", "ada", data_dir=data)
    wait_until_known(running, ada, known=False)
    assert sql(running).status_code == 403
    assert refusal(client(running, ada).list_variant_stores)[0] == "AccessDeniedException"
    assert requests.get(f"{running.endpoint}/health/ready", timeout=10).status_code == 200
    again = create(data, "eve")
    wait_until_known(running, again)


# The key of the secrets


def test_behind_a_proxy_there_are_users_on_loopback_too(tmp_path):
    """A proxy on this machine lets others in: without users they would all be admins."""
    text = refused("--data-dir", str(tmp_path / "data"), "--behind-proxy")
    assert "no credentials are configured" in text and "without --behind-proxy" in text


def test_a_door_whose_key_is_gone_is_shut(tmp_path, make_server):
    """While the secrets cannot be read, a key that was revoked must not go on working."""
    data = tmp_path / "data"
    first, second = create(data, "first"), create(data, "second")
    server = make_server(data_dir=data)
    wait_until_known(server, first)
    key_file = data / "secrets.key"
    key_file.rename(data / "elsewhere")
    user("delete", "first", data_dir=data)
    wait_until_known(server, first, known=False)
    for _ in range(30):
        assert not is_known(server, first) and not is_known(server, second)
    (data / "elsewhere").rename(key_file)
    wait_until_known(server, second)
    assert not is_known(server, first)


def test_what_unknown_callers_send_is_not_kept(tmp_path, make_server):
    """Bodies of those who name no known key pass by: memory stays where it was."""
    data = tmp_path / "data"
    known = create(data, "ada")
    server = make_server(data_dir=data)
    wait_until_known(server, known)
    stranger = {"accessKeyId": "VBAK" + "A" * 16, "secretAccessKey": "x" * 40}
    omics = client(server, stranger)
    before = server.peak_memory()
    for _ in range(200):
        code, status, _ = refusal(omics.tag_resource, resourceArn="arn:" + "x" * 30, tags={"k": "v" * 1_900_000})
        assert (code, status) == ("UnrecognizedClientException", 403)
    assert server.peak_memory() - before < 64 << 20


def test_a_key_from_the_environment_leaves_no_file(tmp_path, make_server):
    settings = {"VARBERG_SECRETS_KEY": base64.b64encode(bytes(range(32))).decode()}
    data = tmp_path / "data"
    ada = create(data, "ada", environment=settings)
    assert not (data / "secrets.key").exists()
    running = make_server(environment=settings)
    assert is_known(running, ada)
    assert settings["VARBERG_SECRETS_KEY"] not in running.log()
    assert running.stop() == 0

    text = refused("--data-dir", data)
    assert "secrets.key does not exist" in text and "VARBERG_SECRETS_KEY" in text
    assert "32 bytes" in refused("--data-dir", data, environment={"VARBERG_SECRETS_KEY": "c2hvcnQ="})
    other = make_server(environment={"VARBERG_SECRETS_KEY": base64.b64encode(bytes(32)).decode()})
    assert not is_known(other, ada) and ada["accessKeyId"] in other.log()
    assert ada["secretAccessKey"] not in other.log()


def test_a_key_file_that_others_can_read_is_refused(tmp_path):
    data = tmp_path / "data"
    create(data, "ada")
    (data / "secrets.key").chmod(0o644)
    assert "chmod 600" in refused("--data-dir", data)


def test_rows_of_the_catalog_cannot_be_swapped(tmp_path, make_server):
    """Whoever can write the database, and has no key, gives nobody another's secret."""
    import sqlite3

    data = tmp_path / "data"
    ada, eve = create(data, "ada"), create(data, "eve", "reader")
    with sqlite3.connect(data / "catalog.sqlite") as db:
        secret = db.execute("select sealed_secret from access_keys where id = ?", (eve["accessKeyId"],)).fetchone()[0]
        db.execute("update access_keys set sealed_secret = ? where id = ?", (secret, ada["accessKeyId"]))
    db.close()
    running = make_server()
    assert is_known(running, eve)
    assert not is_known(running, {**ada, "secretAccessKey": eve["secretAccessKey"]})
    assert not is_known(running, ada)
