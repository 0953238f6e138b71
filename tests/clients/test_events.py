"""Events: what is told of stores, jobs, shares and references, to whom, in which order, and that nothing is lost."""

import hashlib
import hmac
import http.server
import json
import re
import subprocess
import threading
import time
import uuid

import pytest
import requests
from credentials import client as client_of
from credentials import create, sql, wait_until_known
from server import ACCOUNT, BUCKET, ROLE, binary, clean_environment, create_store, import_files, reference_arn, start_import, wait_for
from vcf_files import vcf

SECRET = "a secret of the test"
SUBSCRIBER = "222222222222"


class Receiver:
    """What stands behind a webhook: remembers what it took, answers as it is told."""

    def __init__(self, port: int = 0):
        self.taken, self.asked, self.answers = [], 0, []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                outer.asked += 1
                status = outer.answers.pop(0) if outer.answers else 204
                if status < 300:
                    outer.taken.append((self.headers, body))
                self.send_response(status)
                if status in (301, 307):
                    self.send_header("location", f"{outer.url}/elsewhere")
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.port = self.server.server_port
        self.url = f"http://127.0.0.1:{self.port}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def events(self) -> list[dict]:
        return [json.loads(body) for _, body in self.taken]

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def config(url: str, more: str = "") -> str:
    return f'[events]\nwebhook = "{url}"\nsecret = "{SECRET}"\n{more}\n'


def is_signed(header: str, body: bytes, secret: str) -> bool:
    """The check of docs/events.md."""
    parts = dict(part.split("=", 1) for part in header.split(","))
    expected = hmac.new(secret.encode(), f"{parts['t']}.".encode() + body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected, parts["v1"]) and abs(time.time() - int(parts["t"])) < 300


def listed(server, **query) -> dict:
    answer = requests.get(f"{server.endpoint}/varberg/events", params=query, timeout=30)
    assert answer.status_code == 200, answer.text
    return answer.json()


def told(events: list[dict]) -> list[str]:
    return [f"{event['detail-type'].removesuffix(' Status Change')} {event['detail']['status']}" for event in events]


def walk(server) -> dict:
    """Brings stores, jobs, shares and references through their states; ids of what was made."""
    client = server.client()
    arn = reference_arn(server)
    (server.files / "good.vcf").write_text(vcf())
    (server.files / "bad.vcf").write_text("no VCF\n")
    create_store(server, "cohort", arn)
    jobs = [import_files(server, "cohort", *names)["id"] for names in (["good.vcf"], ["good.vcf", "bad.vcf"], ["bad.vcf"])]
    client.update_variant_store(name="cohort", description="other")
    store_arn = client.get_variant_store(name="cohort")["storeArn"]
    share = client.create_share(resourceArn=store_arn, principalSubscriber=SUBSCRIBER, shareName="s")["shareId"]
    client.delete_share(shareId=share)
    client.create_annotation_store(name="genes", storeFormat="VCF", reference={"referenceArn": arn})
    items = [{"source": f"s3://{BUCKET}/good.vcf"}]
    annotation = client.start_annotation_import_job(destinationName="genes", roleArn=ROLE, items=items)["jobId"]
    wait_for(lambda: client.get_annotation_import_job(jobId=annotation)["status"] == "COMPLETED", "an annotation import")
    genes = client.get_annotation_store(name="genes")["storeArn"]
    client.delete_share(shareId=client.create_share(resourceArn=genes, principalSubscriber=SUBSCRIBER, shareName="g")["shareId"])
    for delete, get, name in (
        (client.delete_variant_store, client.get_variant_store, "cohort"),
        (client.delete_annotation_store, client.get_annotation_store, "genes"),
    ):
        delete(name=name)
        wait_for(lambda: not exists(get, name), f"{name} to go")
    store, reference = re.search(r"referenceStore/(\d+)/reference/(\d+)", arn).groups()
    client.delete_reference(referenceStoreId=store, id=reference)
    client.delete_reference_store(id=store)
    return {"jobs": jobs, "annotation": annotation, "share": share, "store": store, "reference": reference}


def exists(get, name: str) -> bool:
    try:
        get(name=name)
        return True
    except get.__self__.exceptions.ResourceNotFoundException:
        return False


REFERENCE = [
    "Reference Store CREATED", "Reference Store ACTIVE", "Reference Import Job SUBMITTED", "Reference Import Job IN_PROGRESS",
    "Reference ACTIVE", "Reference Import Job COMPLETED",
]  # fmt: skip
WALK = [
    *REFERENCE,
    "Variant Store CREATING", "Variant Store CREATED",
    *(f"Variant Import Job {state}" for end in ("COMPLETED", "COMPLETED_WITH_FAILURES", "FAILED") for state in ("SUBMITTED", "IN_PROGRESS", end)),
    "Variant Store UPDATING", "Variant Store UPDATED",
    "Variant Store Share PENDING", "Variant Store Share DELETING", "Variant Store Share DELETED",
    "Annotation Store CREATING", "Annotation Store CREATED",
    "Annotation Import Job SUBMITTED", "Annotation Import Job IN_PROGRESS", "Annotation Import Job COMPLETED",
    "Annotation Store Share PENDING", "Annotation Store Share DELETING", "Annotation Store Share DELETED",
    "Variant Store DELETING", "Variant Store DELETED",
    "Annotation Store DELETING", "Annotation Store DELETED",
    "Reference DELETED", "Reference Store DELETED",
]  # fmt: skip


def test_every_kind_of_change_is_told_in_order_signed_and_as_eventbridge_would(make_server):
    receiver = Receiver()
    server = make_server(config=config(receiver.url))
    made = walk(server)
    own = lambda events: [event for event in events if event["account"] == ACCOUNT]  # noqa: E731
    wait_for(lambda: len(own(receiver.events())) == len(WALK), "all events to arrive")
    events = receiver.events()
    assert told(own(events)) == WALK
    assert told([event for event in events if event["account"] == SUBSCRIBER]) == [line for line in WALK if "Share" in line]
    assert own(events) == listed(server)["events"], "the list has what the webhook got"

    for (headers, body), event in zip(receiver.taken, events, strict=True):
        assert is_signed(headers["varberg-signature"], body, SECRET)
        assert not is_signed(headers["varberg-signature"], body, "another") and not is_signed(headers["varberg-signature"], body + b" ", SECRET)
        assert headers["content-type"] == "application/json"
        assert set(event) == {"version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail"}
        assert (event["version"], event["source"], event["region"]) == ("0", "aws.omics", "us-east-1")
        assert uuid.UUID(event["id"]).version == 4
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", event["time"])
        assert event["resources"] == [event["detail"]["arn"]] and event["detail"]["omicsVersion"] == "1.0.0"
        # No files, no samples, no messages.
        assert not any(word in body for word in (b".vcf", b"S1", b"message", b"tiny"))
    assert len({event["id"] for event in events}) == len(events)

    arn = f"arn:aws:omics:us-east-1:{ACCOUNT}:"
    details = lambda kind: [e["detail"] for e in own(events) if e["detail-type"] == f"{kind} Status Change"]  # noqa: E731
    job, store = details("Variant Import Job")[0], details("Variant Store")[0]
    assert store["arn"] == f"{arn}cohort" and store["storeName"] == "cohort" and re.fullmatch("[0-9a-f]{12}", store["storeId"])
    assert set(store) == {"omicsVersion", "arn", "status", "storeId", "storeName"}
    assert job == {**store, "arn": f"{arn}cohort/{made['jobs'][0]}", "status": "SUBMITTED", "jobId": made["jobs"][0]}
    genes, annotation = details("Annotation Store")[0], details("Annotation Import Job")[0]
    assert annotation["storeId"] == genes["storeId"] and annotation["jobId"] == made["annotation"]
    assert details("Variant Store Share")[0]["shareId"] == made["share"]
    reference = details("Reference")[0]
    assert reference["arn"] == f"{arn}referenceStore/{made['store']}/reference/{made['reference']}"
    assert (reference["id"], reference["referenceStoreId"]) == (made["reference"], made["store"])
    assert details("Reference Import Job")[0]["id"] == reference["creationJobId"]
    receiver.close()


def matches(pattern: dict, event) -> bool:
    """EventBridge's rule: each name of the pattern is in the event, with one of the values."""
    return all(
        matches(wanted, event.get(name, {})) if isinstance(wanted, dict) else event.get(name) in wanted for name, wanted in pattern.items()
    )


def test_a_pattern_on_job_and_status_sees_the_end_of_a_job_once(make_server):
    receiver = Receiver()
    server = make_server(config=config(receiver.url, 'detail_type_prefix = "HealthOmics "'))
    create_store(server, "cohort", reference_arn(server))
    (server.files / "good.vcf").write_text(vcf())
    job = import_files(server, "cohort", "good.vcf")["id"]
    import_files(server, "cohort", "good.vcf")
    ends = ["COMPLETED", "FAILED", "CANCELLED", "COMPLETED_WITH_FAILURES"]
    pattern = {
        "source": ["aws.omics"],
        "detail-type": ["HealthOmics Variant Import Job Status Change"],
        "detail": {"jobId": [job], "status": ends},
    }
    seen = lambda: [event for event in receiver.events() if matches(pattern, event)]  # noqa: E731
    wait_for(seen, "the end of the job")
    time.sleep(1)
    assert [event["detail"]["status"] for event in seen()] == ["COMPLETED"]
    receiver.close()


def test_an_event_that_is_not_taken_is_tried_again_and_the_others_wait_behind_it(make_server):
    receiver = Receiver()
    receiver.answers = [500, 503, 302, 404, 307]
    server = make_server(config=config(receiver.url))
    client = server.client()
    began = time.monotonic()
    client.create_reference_store(name="one")
    assert time.monotonic() - began < 5, "nobody waits for the receiver"
    client.create_reference_store(name="two")
    wait_for(lambda: len(receiver.taken) == 4, "all events to arrive", 30)
    assert receiver.asked == 5 + 4, "redirects are not followed"
    assert [event["detail"]["storeName"] for event in receiver.events()] == ["one", "one", "two", "two"]
    log = server.log()
    assert log.count("does not take an event") == 1 and "takes events again" in log
    assert receiver.url not in log and SECRET not in log
    receiver.close()


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_delivery_goes_on_after_a_restart_of_either_side(make_server, end):
    receiver = Receiver()
    server = make_server(config=config(receiver.url))
    server.client().create_reference_store(name="one")
    wait_for(lambda: len(receiver.taken) == 2, "the first events")
    port = receiver.port
    receiver.close()
    server.client().create_reference_store(name="two")
    wait_for(lambda: "does not take an event" in server.log(), "the receiver to be missed")
    getattr(server, end)()
    again = Receiver(port)
    server = make_server(config=config(again.url))
    wait_for(lambda: len(again.taken) == 2, "the events of before", 30)
    server.client().create_reference_store(name="three")
    wait_for(lambda: len(again.taken) == 4, "the events of after", 30)
    assert [event["detail"]["storeName"] for event in again.events()] == ["two", "two", "three", "three"]
    again.close()


def test_an_event_is_given_up_in_the_end_but_not_before_it_was_tried(make_server):
    receiver = Receiver()
    receiver.answers = [500, 500, 500]
    server = make_server(config=config(receiver.url, "retry_s = 0"))
    server.client().create_reference_store(name="one")
    server.client().create_reference_store(name="two")
    wait_for(lambda: len(receiver.taken) == 1, "the last event")
    assert receiver.events()[0]["detail"] | {"arn": ""} == {
        **receiver.events()[0]["detail"], "arn": "", "storeName": "two", "status": "ACTIVE",
    }  # fmt: skip
    assert server.log().count("an event was given up") == 3
    assert len(listed(server)["events"]) == 4, "they are still listed"
    receiver.close()


def test_a_new_webhook_is_told_what_happens_from_now_on(make_server):
    server = make_server()
    server.client().create_reference_store(name="before")
    server.stop()
    receiver = Receiver()
    server = make_server(config=config(receiver.url))
    server.client().create_reference_store(name="after")
    wait_for(lambda: len(receiver.taken) == 2, "the events")
    assert {event["detail"]["storeName"] for event in receiver.events()} == {"after"}
    receiver.close()


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ('webhook = "ftp://host/x-secret"', "https://"),
        ('webhook = "x-secret"', "events.webhook"),
        ('secret = ""', "events.secret"),
        ("keep_days = 0", "keep_days"),
    ],
)
def test_a_wrong_configuration_is_refused(tmp_path, line, word):
    file = tmp_path / "varberg.toml"
    file.write_text(f"[events]\n{line}\n")
    command = [binary(), "serve", "--config", str(file), "--data-dir", str(tmp_path / "data")]
    done = subprocess.run(command, env=clean_environment(), capture_output=True, text=True, timeout=30)
    assert done.returncode == 2 and word in done.stderr and "x-secret" not in done.stderr, done.stderr


def test_lists_begin_where_they_are_told_to_and_wait_for_news(make_server):
    server = make_server()
    client = server.client()
    assert listed(server) == {"events": [], "after": 0}
    client.create_reference_store(name="one")
    page = listed(server)
    assert told(page["events"]) == REFERENCE[:2] and page["after"] == 2
    assert listed(server, after=1)["events"] == page["events"][1:]
    assert listed(server, newest=1)["events"] == page["events"][1:]
    first = listed(server, maxResults=1)
    assert first == {"events": page["events"][:1], "after": 1}
    assert listed(server, since="2000-01-01T00:00:00Z") == page
    assert listed(server, since="2999-01-01T00:00:00Z") == {"events": [], "after": 2}

    began = time.monotonic()
    assert listed(server, after=2, wait=1)["events"] == []
    assert 0.9 < time.monotonic() - began < 5
    threading.Timer(0.5, lambda: client.create_reference_store(name="two")).start()
    assert told(listed(server, after=2, wait=20)["events"]) == REFERENCE[:2]
    assert time.monotonic() - began < 15

    for query, name in (
        ({"after": "x"}, "after"), ({"after": "-1"}, "after"), ({"since": "yesterday"}, "since"), ({"newest": 1001}, "newest"),
        ({"maxResults": 0}, "maxResults"), ({"wait": 21}, "wait"), ({"after": 1, "newest": 1}, "after"),
    ):  # fmt: skip
        answer = requests.get(f"{server.endpoint}/varberg/events", params=query, timeout=10)
        assert answer.status_code == 400 and name in answer.json()["message"], (query, answer.text)


def test_an_account_sees_its_own_events_and_nobody_does_without_credentials(make_server):
    server = make_server()
    accounts = {"ada": ACCOUNT, "bob": SUBSCRIBER, "eve": "333333333333"}
    keys = {name: create(server.data_dir, name, role="admin", account=account) for name, account in accounts.items()}
    reader = create(server.data_dir, "rea", role="reader", account=ACCOUNT)
    wait_for(lambda: sql(server).status_code == 403, "the server to ask for credentials", 10)
    wait_until_known(server, reader)
    ada, bob = client_of(server, keys["ada"]), client_of(server, keys["bob"])
    ada.create_annotation_store(name="genes", storeFormat="GFF")
    arn = ada.get_annotation_store(name="genes")["storeArn"]
    share = ada.create_share(resourceArn=arn, principalSubscriber=SUBSCRIBER, shareName="s")["shareId"]
    bob.accept_share(shareId=share)

    def seen(key):
        answer = requests.get(f"{server.endpoint}/varberg/events", auth=(key["accessKeyId"], key["secretAccessKey"]), timeout=10)
        assert answer.status_code == 200, answer.text
        return answer.json()["events"]

    shared = [f"Annotation Store Share {state}" for state in ("PENDING", "ACTIVATING", "ACTIVE")]
    assert told(seen(reader)) == ["Annotation Store CREATING", "Annotation Store CREATED", *shared] == told(seen(keys["ada"]))
    assert told(seen(keys["bob"])) == shared and seen(keys["eve"]) == []
    of_bob = seen(keys["bob"])[0]
    assert (of_bob["account"], of_bob["detail"]["arn"]) == (SUBSCRIBER, arn)
    assert not {event["id"] for event in seen(keys["bob"])} & {event["id"] for event in seen(keys["ada"])}
    for path in ("/varberg/events", "/metrics"):
        assert requests.get(f"{server.endpoint}{path}", timeout=10).status_code == 403
    environment = {"AWS_ACCESS_KEY_ID": keys["bob"]["accessKeyId"], "AWS_SECRET_ACCESS_KEY": keys["bob"]["secretAccessKey"]}
    out, err = tail(server, "--json", environment=environment).communicate(timeout=30)
    assert told([json.loads(line) for line in out.splitlines()]) == shared, err


def test_a_stop_does_not_wait_for_those_who_wait(make_server):
    server = make_server()
    waiting = threading.Thread(target=lambda: listed(server, wait=20))
    waiting.start()
    time.sleep(0.5)
    began = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - began < 5
    waiting.join()


def tail(server, *arguments, environment=None):
    command = [str(binary()), "events", "tail", "--endpoint", server.endpoint, *arguments]
    settings = clean_environment() | (environment or {})
    return subprocess.Popen(command, env=settings, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_the_command_line_shows_events_and_follows_them(make_server):
    server = make_server()
    out, err = tail(server).communicate(timeout=30)
    assert out == "" and "no events" in err
    create_store(server, "cohort", reference_arn(server))
    out, _ = tail(server, "-n", "2").communicate(timeout=30)
    heading, *lines = out.splitlines()
    assert heading.split() == ["TIME", "WHAT", "STATUS", "STORE", "ID"]
    assert [line.split("  ")[1:] for line in map(squeezed, lines)] == [
        ["Variant Store", "CREATING", "cohort"],
        ["Variant Store", "CREATED", "cohort"],
    ]
    out, _ = tail(server, "--json", "--since", "1h").communicate(timeout=30)
    every = listed(server)["events"]
    assert [json.loads(line) for line in out.splitlines()] == every and len(every) == len(REFERENCE) + 2
    out, err = tail(server, "--since", "soon").communicate(timeout=30)
    assert "2h" in err

    follower = tail(server, "--follow", "--json", "-n", "0")
    time.sleep(1)
    (server.files / "good.vcf").write_text(vcf())
    job = start_import(server, "cohort", "good.vcf")
    seen = [json.loads(follower.stdout.readline()) for _ in range(3)]
    assert [event["detail"]["status"] for event in seen] == ["SUBMITTED", "IN_PROGRESS", "COMPLETED"]
    assert {event["detail"]["jobId"] for event in seen} == {job}
    follower.terminate()
    follower.communicate(timeout=10)


def squeezed(line: str) -> str:
    return re.sub(" {2,}", "  ", line.strip())
