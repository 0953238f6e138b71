"""All waiters of boto3 in scope, run unchanged but for their delay: every acceptor is met by a real answer once.

Which waiters and acceptors there are is read from the installed botocore. Those that no answer can meet have their reason.
"""

import gzip

import botocore.session
import pytest
from botocore import xform_name
from botocore.exceptions import WaiterError
from conformance import OPERATIONS, count
from server import BUCKET, ROLE, reference_arn, wait_for
from vcf_files import vcf

MODEL = botocore.session.get_session().get_waiter_model("omics")
WAITERS = {name: MODEL.get_waiter(name) for name in MODEL.waiter_names if MODEL.get_waiter(name).operation in OPERATIONS}
ACCEPTORS = sorted((name, acceptor.expected, acceptor.state) for name, waiter in WAITERS.items() for acceptor in waiter.acceptors)
GONE = "ResourceNotFoundException"

AT_ONCE = "a store is made, and its description changed, within the request: the first Get says ACTIVE (docs/differences.md)"
REFUSED = "a store that cannot be made is refused when it is created"
NOT_FOUND = "DELETED is no status of a store; what is deleted is not found (spec 4)"
NO_CANCEL = "no operation cancels a reference import (spec 5.2)"
NEVER = {
    **{
        (f"{kind}Created", status): AT_ONCE
        for kind in ("VariantStore", "AnnotationStore", "AnnotationStoreVersion")
        for status in ("CREATING", "UPDATING")
    },
    **{(f"{kind}Created", "FAILED"): REFUSED for kind in ("VariantStore", "AnnotationStore", "AnnotationStoreVersion")},
    **{(f"{kind}Deleted", "DELETED"): NOT_FOUND for kind in ("VariantStore", "AnnotationStore", "AnnotationStoreVersion")},
    ("ReferenceImportJobCompleted", "CANCELLING"): NO_CANCEL,
    ("ReferenceImportJobCompleted", "CANCELLED"): NO_CANCEL,
}


class Standing:
    """A server whose only import worker stands still at its first job; all later jobs wait."""

    def __init__(self, make_server, tmp_path):
        self.hold = tmp_path / "hold"
        self.server = make_server(hold=f"claimed:{self.hold}", config="max_jobs = 1\n")
        self.client = self.server.client()
        (self.server.files / "good.vcf").write_text(vcf(2))
        self.client.create_variant_store(name="variants", reference={"referenceArn": reference_arn(self.server)})
        self.client.create_annotation_store(name="annotations", storeFormat="VCF")
        self.client.create_annotation_store(name="versioned", storeFormat="VCF", versionName="first")
        self.client.create_annotation_store_version(name="versioned", versionName="second")

    def variants(self) -> dict:
        return dict(jobId=start(self.client.start_variant_import_job, "variants"))

    def annotations(self, store="annotations", **more) -> dict:
        return dict(jobId=start(self.client.start_annotation_import_job, store, **more))

    def stands(self):
        wait_for(self.hold.exists, "the worker to stand still")


def start(operation, store: str, source="good.vcf", **more) -> str:
    return operation(destinationName=store, roleArn=ROLE, items=[{"source": f"s3://{BUCKET}/{source}"}], **more)["jobId"]


@pytest.fixture
def standing(make_server, tmp_path):
    return Standing(make_server, tmp_path)


def polled(client, waiter: str, arguments: dict, attempts: int) -> tuple[list, str]:
    """The statuses and errors that the waiter saw, and how it ended: `success`, `failure`, or `retry` until it gave up."""
    seen = []
    operation = WAITERS[waiter].operation

    def see(parsed, **_):
        seen.append(parsed["Error"]["Code"] if "Error" in parsed else parsed["status"])

    client.meta.events.register(f"after-call.omics.{operation}", see)
    try:
        client.get_waiter(xform_name(waiter)).wait(**arguments, WaiterConfig={"Delay": 0.05, "MaxAttempts": attempts})
        return seen, "success"
    except WaiterError as error:
        return seen, "failure" if "terminal failure" in str(error) else "retry"


@pytest.mark.parametrize("waiter,expected,state", ACCEPTORS, ids=[f"{w}-{e}" for w, e, _ in ACCEPTORS])
def test_an_acceptor_is_met(request, waiter, expected, state):
    if (waiter, expected) in NEVER:
        count("acceptors that cannot be met")
        return
    client, arguments = MAKE[waiter.removesuffix("Created").removesuffix("Deleted").removesuffix("Completed")](request, expected)
    seen, end = polled(client, waiter, arguments, attempts=2 if state == "retry" else 400)
    assert (seen[-1], end) == (expected, state), seen
    count("acceptors met")


def test_every_reason_is_of_an_acceptor_and_there_are_nine_waiters():
    assert len(WAITERS) == 9
    assert set(NEVER) <= {(waiter, expected) for waiter, expected, _ in ACCEPTORS}


def store(name: str, delete: str, held):
    """Makes a store or version be ACTIVE, DELETING or gone: the client and the waiter's arguments."""

    def make(request, expected):
        if expected == "DELETING":
            standing = request.getfixturevalue("standing")
            held(standing)
            standing.stands()
            arguments = dict(name=name) | (dict(versionName="second") if name == "versioned" else {})
            deletion = dict(name=name, force=True) | (dict(versions=["second"]) if name == "versioned" else {})
            getattr(standing.client, delete)(**deletion)
            return standing.client, arguments
        client = request.getfixturevalue("world").client
        there = {"variants": dict(name="the_variants"), "annotations": dict(name="the_vcf")}.get(
            name, dict(name="the_table", versionName="second")
        )
        return client, there | ({list(there)[-1]: "no_such_thing"} if expected == GONE else {})

    return make


def job(kind: str):
    """Makes an import job of a kind have a status."""

    def make(request, expected):
        if expected in ("SUBMITTED", "IN_PROGRESS", "CANCELLED"):
            standing = request.getfixturevalue("standing")
            arguments = getattr(standing, kind)()
            standing.stands()
            if expected != "IN_PROGRESS":  # one that waits behind the first
                arguments = getattr(standing, kind)()
            if expected == "CANCELLED":
                getattr(standing.client, f"cancel_{kind.removesuffix('s')}_import_job")(**arguments)
            return standing.client, arguments
        client = request.getfixturevalue("world").client
        operation = getattr(client, f"start_{kind.removesuffix('s')}_import_job")
        store = {"variants": "the_variants", "annotations": "the_vcf"}[kind]
        return client, dict(jobId=start(operation, store, "good.vcf" if expected == "COMPLETED" else "absent.vcf"))

    return make


def reference_job(request, expected):
    """Makes a reference import job have a status: by sources that are there or not, or one that takes long."""
    names = {"COMPLETED": ["more0.fa"], "FAILED": ["absent.fa"], "COMPLETED_WITH_FAILURES": ["more0.fa", "absent.fa"]}
    if expected in names:
        client = request.getfixturevalue("world").client
        return client, start_references(client, request.getfixturevalue("world").reference_store, names[expected])
    standing = request.getfixturevalue("standing")
    where = standing.client.list_reference_stores()["referenceStores"][0]["id"]
    if expected == "SUBMITTED":
        standing.variants()
        standing.stands()
        return standing.client, start_references(standing.client, where, ["reference.fa"])
    with gzip.open(standing.server.files / "long.fa.gz", "wb", 1) as packed:
        packed.write(b">chr1\n")
        for _ in range(200):
            packed.write((b"A" * 79 + b"\n") * 10_000)
    arguments = start_references(standing.client, where, ["long.fa.gz"])
    wait_for(
        lambda: standing.client.get_reference_import_job(**arguments)["status"] == "IN_PROGRESS", "the job to begin", interval=0.01
    )
    return standing.client, arguments


def start_references(client, where: str, names: list) -> dict:
    sources = [{"sourceFile": f"s3://{BUCKET}/{name}", "name": name} for name in names]
    return dict(
        id=client.start_reference_import_job(referenceStoreId=where, roleArn=ROLE, sources=sources)["id"], referenceStoreId=where
    )


MAKE = {
    "VariantStore": store("variants", "delete_variant_store", lambda standing: standing.variants()),
    "AnnotationStore": store("annotations", "delete_annotation_store", lambda standing: standing.annotations()),
    "AnnotationStoreVersion": store(
        "versioned", "delete_annotation_store_versions", lambda standing: standing.annotations("versioned", versionName="second")
    ),
    "VariantImportJob": job("variants"),
    "AnnotationImportJob": job("annotations"),
    "ReferenceImportJob": reference_job,
}
