"""The server as a process: where it listens, whom it answers, how it stops."""

import os
import pathlib
import signal
import subprocess

import pytest
import requests
from server import binary, clean_environment, create_store, import_files, reference_arn, wait_for
from vcf_files import vcf


def refused(*arguments, environment=None) -> str:
    """Standard error of a server that must not start."""
    done = subprocess.run(
        [binary(), "serve", *arguments], env=clean_environment() | (environment or {}), capture_output=True, text=True, timeout=30
    )
    assert done.returncode not in (0, None) and done.returncode > 0
    return done.stderr


def test_only_loopback_without_credentials(tmp_path):
    for address in ("0.0.0.0:0", "[::]:0", "192.0.2.1:8400"):
        text = refused("--listen", address, "--data-dir", str(tmp_path / "data"))
        assert "credentials" in text and "127.0.0.1" in text


def test_an_unknown_key_in_the_configuration_is_refused(tmp_path):
    config = tmp_path / "varberg.toml"
    config.write_text("[import]\nleas_s = 3\n")
    assert "leas_s" in refused("--config", str(config), "--data-dir", str(tmp_path / "data"))


def test_health(shared_server):
    for path in ("live", "ready"):
        assert requests.get(f"{shared_server.endpoint}/health/{path}", timeout=5).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.evil.example"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
    ids=str,
)
@pytest.mark.parametrize("path", ["/variantStores", "/sql"])
def test_a_web_page_cannot_read_genomes_through_a_browser(shared_server, headers, path):
    answer = requests.post(f"{shared_server.endpoint}{path}", data="{}" if path != "/sql" else "SELECT 1", headers=headers, timeout=10)
    assert answer.status_code == 403, answer.text
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("host", ["localhost", "analytics-localhost", "analytics-127.0.0.1", "control-storage-localhost", "[::1]"])
def test_local_names_with_and_without_prefixes_are_answered(shared_server, host):
    port = shared_server.endpoint.rsplit(":", 1)[1]
    headers = {"Host": f"{host}:{port}"}
    answer = requests.post(f"{shared_server.endpoint}/variantStores", json={}, headers=headers, timeout=10)
    assert answer.status_code == 200, answer.text


def test_signed_and_unsigned_requests_are_answered_alike(shared_server):
    unsigned = requests.post(f"{shared_server.endpoint}/variantStores", json={}, timeout=10)
    signed = shared_server.client().list_variant_stores()
    assert unsigned.status_code == 200
    assert [s["name"] for s in unsigned.json()["variantStores"]] == [s["name"] for s in signed["variantStores"]]


def test_an_unknown_path_is_an_error_in_the_shape_clients_read(shared_server):
    answer = requests.post(f"{shared_server.endpoint}/no/such/path", json={}, timeout=10)
    assert answer.status_code == 404
    assert answer.headers["x-amzn-errortype"] and answer.headers["x-amzn-requestid"] and answer.json()["message"]


def test_data_survive_a_restart_and_a_stop_is_graceful(make_server):
    first = make_server()
    create_store(first, "kept", reference_arn(first))
    (first.files / "kept.vcf").write_text(vcf(7))
    job = import_files(first, "kept", "kept.vcf")
    assert first.stop() == 0
    second = make_server()
    assert second.value("SELECT count(*) FROM kept") == 14
    assert second.client().get_variant_import_job(jobId=job["id"])["status"] == "COMPLETED"
    second.process.send_signal(signal.SIGINT)
    assert second.process.wait(30) in (0, 130)


def test_the_data_directory_is_for_its_owner_only(shared_server):
    assert shared_server.data_dir.stat().st_mode & 0o077 == 0


def test_a_query_that_never_ends_is_stopped(make_server):
    running = make_server(config="[query]\ntime_s = 2\n")
    numbers = " CROSS JOIN ".join(f"(SELECT * FROM (VALUES (1),(2),(3),(4),(5),(6),(7),(8),(9),(10)) v{i}(x{i}))" for i in range(12))
    answer = requests.post(f"{running.endpoint}/sql", data=f"SELECT count(*) FROM {numbers} WHERE x0 + x1 > 1 AND x2 * x11 > 0", timeout=60)
    assert answer.status_code in (400, 408), answer.text
    assert running.value("SELECT 1") == 1


def children(server) -> list[int]:
    """Processes of the server that have not ended: those that answer statements, or wait for one."""
    tasks = pathlib.Path(f"/proc/{server.process.pid}/task").glob("*/children")
    return [int(pid) for pid in " ".join(task.read_text() for task in tasks).split() if is_running(pid)]


def is_running(pid) -> bool:
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_processes_that_wait_for_statements_may_die_and_end_with_the_server(make_server):
    server = make_server()
    assert server.value("SELECT 1") == 1
    waiting = wait_for(lambda: found if len(found := children(server)) == 2 else None, "two processes to wait for statements")
    for pid in waiting:
        os.kill(pid, signal.SIGKILL)
    assert [server.value(f"SELECT {n}") for n in range(5)] == [0, 1, 2, 3, 4]
    later = wait_for(lambda: found if len(found := children(server)) == 2 else None, "two processes to wait again")
    assert not set(later) & set(waiting)
    server.kill()
    wait_for(lambda: not any(is_running(pid) for pid in later), "them to end")
