"""Every operation by everybody: without credentials, by each role, by another account, by an account that a store is shared with."""

import re

import botocore.session
import pytest
from botocore.exceptions import ClientError
from credentials import client, create, sql
from server import BUCKET, Server, wait_for

OWNER, SUBSCRIBER, STRANGER = "000000000000", "111111111111", "222222222222"
CALLERS = {
    "reader": ("reader", OWNER),
    "writer": ("writer", OWNER),
    "admin": ("admin", OWNER),
    "subscriber": ("admin", SUBSCRIBER),
    "stranger": ("admin", STRANGER),
}
ROLE = f"arn:aws:iam::{OWNER}:role/importer"
CONFIG = f'[roles."*"]\nsources = ["s3://{BUCKET}/"]\n'
VCF = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\nchr1\t1\t.\tA\tC\t.\t.\t.\n"
GFF = "##gff-version 3\nchr1\tx\tgene\t1\t2\t.\t+\t.\tID=g\n"

READ, WRITE, MANAGE = "read", "write", "manage"
# What each operation needs, and what it is asked for. In braces: names of the world below. `own`: it creates, or lists, in the
# caller's own account, so that another account is not refused.
OPERATIONS = {
    "CreateVariantStore": (WRITE, {"name": "made_{who}", "reference": {"referenceArn": "{reference}"}}),
    "GetVariantStore": (READ, {"name": "{store}"}),
    "UpdateVariantStore": (WRITE, {"name": "{store}", "description": "by {who}"}),
    "DeleteVariantStore": (MANAGE, {"name": "{doomed_store}"}),
    "ListVariantStores": (READ, {}, "own"),
    "StartVariantImportJob": (WRITE, {"destinationName": "{store}", "roleArn": ROLE, "items": [{"source": "s3://" + BUCKET + "/a.vcf"}]}),
    "GetVariantImportJob": (READ, {"jobId": "{variant_job}"}),
    "CancelVariantImportJob": (WRITE, {"jobId": "{variant_job}"}),
    "ListVariantImportJobs": (READ, {}, "own"),
    "CreateAnnotationStore": (WRITE, {"name": "notes_{who}", "storeFormat": "GFF"}, "own"),
    "GetAnnotationStore": (READ, {"name": "{notes}"}),
    "UpdateAnnotationStore": (WRITE, {"name": "{notes}", "description": "by {who}"}),
    "DeleteAnnotationStore": (MANAGE, {"name": "{doomed_notes}"}),
    "ListAnnotationStores": (READ, {}, "own"),
    "CreateAnnotationStoreVersion": (WRITE, {"name": "{notes}", "versionName": "by_{who}"}),
    "GetAnnotationStoreVersion": (READ, {"name": "{notes}", "versionName": "second"}),
    "UpdateAnnotationStoreVersion": (WRITE, {"name": "{notes}", "versionName": "second", "description": "by {who}"}),
    "DeleteAnnotationStoreVersions": (MANAGE, {"name": "{notes}", "versions": ["second"]}),
    "ListAnnotationStoreVersions": (READ, {"name": "{notes}"}),
    "StartAnnotationImportJob": (WRITE, {"destinationName": "{notes}", "roleArn": ROLE, "items": [{"source": "s3://" + BUCKET + "/a.gff3"}]}),
    "GetAnnotationImportJob": (READ, {"jobId": "{annotation_job}"}),
    "CancelAnnotationImportJob": (WRITE, {"jobId": "{annotation_job}"}),
    "ListAnnotationImportJobs": (READ, {}, "own"),
    "CreateShare": (MANAGE, {"resourceArn": "{store_arn}", "principalSubscriber": "333333333333"}),
    "GetShare": (READ, {"shareId": "{share}"}),
    "AcceptShare": (MANAGE, {"shareId": "{share}"}),
    "DeleteShare": (MANAGE, {"shareId": "{share}"}),
    "ListShares": (READ, {"resourceOwner": "SELF"}, "own"),
    "TagResource": (WRITE, {"resourceArn": "{store_arn}", "tags": {"by": "{who}"}}),
    "UntagResource": (WRITE, {"resourceArn": "{store_arn}", "tagKeys": ["by"]}),
    "ListTagsForResource": (READ, {"resourceArn": "{store_arn}"}),
    "CreateReferenceStore": (WRITE, {"name": "of {who}"}, "own"),
    "GetReferenceStore": (READ, {"id": "{reference_store}"}),
    "DeleteReferenceStore": (MANAGE, {"id": "{reference_store}"}),
    "ListReferenceStores": (READ, {}, "own"),
    "StartReferenceImportJob": (WRITE, {"referenceStoreId": "{reference_store}", "roleArn": ROLE, "sources": [{"sourceFile": "s3://" + BUCKET + "/a.fa", "name": "more"}]}),
    "GetReferenceImportJob": (READ, {"referenceStoreId": "{reference_store}", "id": "{reference_job}"}),
    "ListReferenceImportJobs": (READ, {"referenceStoreId": "{reference_store}"}),
    "GetReferenceMetadata": (READ, {"referenceStoreId": "{reference_store}", "id": "{reference_id}"}),
    "GetReference": (READ, {"referenceStoreId": "{reference_store}", "id": "{reference_id}", "partNumber": 1}),
    "ListReferences": (READ, {"referenceStoreId": "{reference_store}"}),
    "DeleteReference": (MANAGE, {"referenceStoreId": "{reference_store}", "id": "{reference_id}"}),
}
MAY = {"reader": {READ}, "writer": {READ, WRITE}, "admin": {READ, WRITE, MANAGE}}
# What would take the world away from the calls that follow, though it is allowed: asked for last.
LAST = ["DeleteVariantStore", "DeleteAnnotationStore", "DeleteAnnotationStoreVersions", "DeleteShare"]


class World:
    """A server with an owner's stores, one of them shared; and the clients of everybody."""

    def __init__(self, server: Server, keys: dict):
        self.server, self.keys = server, keys
        self.clients = {who: client(server, key) for who, key in keys.items()}
        omics = self.clients["admin"]
        (server.files / "a.vcf").write_text(VCF)
        (server.files / "a.gff3").write_text(GFF)
        (server.files / "a.fa").write_text(">chr1\nACGT\n")
        references = omics.create_reference_store(name="references")["id"]
        source = [{"sourceFile": f"s3://{BUCKET}/a.fa", "name": "tiny"}]
        job = omics.start_reference_import_job(referenceStoreId=references, roleArn=ROLE, sources=source)["id"]
        omics.get_waiter("reference_import_job_completed").wait(id=job, referenceStoreId=references, WaiterConfig={"Delay": 1})
        reference = omics.list_references(referenceStoreId=references)["references"][0]
        for name in ("cohort", "doomed"):
            omics.create_variant_store(name=name, reference={"referenceArn": reference["arn"]})
        for name in ("notes", "doomed_notes"):
            omics.create_annotation_store(name=name, storeFormat="GFF")
        omics.create_annotation_store_version(name="notes", versionName="second")
        items = [{"source": f"s3://{BUCKET}/a.vcf"}]
        variant_job = omics.start_variant_import_job(destinationName="cohort", roleArn=ROLE, items=items)["jobId"]
        items = [{"source": f"s3://{BUCKET}/a.gff3"}]
        annotation_job = omics.start_annotation_import_job(destinationName="notes", roleArn=ROLE, items=items)["jobId"]
        arn = omics.get_variant_store(name="cohort")["storeArn"]
        share = omics.create_share(resourceArn=arn, principalSubscriber=SUBSCRIBER)["shareId"]
        self.clients["subscriber"].accept_share(shareId=share)
        ended = lambda: omics.get_variant_import_job(jobId=variant_job)["status"] == "COMPLETED"
        wait_for(ended, "the import")
        wait_for(lambda: omics.get_annotation_import_job(jobId=annotation_job)["status"] == "COMPLETED", "the import")
        self.names = {
            "store": "cohort", "doomed_store": "doomed", "notes": "notes", "doomed_notes": "doomed_notes", "store_arn": arn,
            "reference": reference["arn"], "reference_id": reference["id"], "reference_store": references, "reference_job": job,
            "variant_job": variant_job, "annotation_job": annotation_job, "share": share,
        }  # fmt: skip
        self.absent = {
            "store": "nothing", "doomed_store": "nothing", "notes": "nothing", "doomed_notes": "nothing",
            "store_arn": arn.replace("cohort", "nothing"), "reference": reference["arn"].replace(reference["id"], "9999999999"),
            "reference_id": "9999999999", "reference_store": "9999999998", "reference_job": "9999999997",
            "variant_job": "00000000-0000-4000-8000-000000000000", "annotation_job": "00000000-0000-4000-8000-000000000001",
            "share": "00000000-0000-4000-8000-000000000002",
        }  # fmt: skip

    def call(self, who: str, operation: str, names: dict):
        """What an operation answered: nothing, or the refusal's status, name and text."""
        arguments = fill(OPERATIONS[operation][1], {**names, "who": who})
        try:
            getattr(self.clients[who], botocore.xform_name(operation))(**arguments)
        except ClientError as error:
            answer = error.response
            return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"], answer["Error"]["Message"]
        return None


def fill(value, names: dict):
    if isinstance(value, str):
        return re.sub(r"\{(\w+)\}", lambda match: names[match[1]], value)
    if isinstance(value, dict):
        return {key: fill(entry, names) for key, entry in value.items()}
    return [fill(entry, names) for entry in value] if isinstance(value, list) else value


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    base = tmp_path_factory.mktemp("authorization")
    keys = {who: create(base / "data", f"the-{who}", role, account=account) for who, (role, account) in CALLERS.items()}
    with Server(base / "data", base / "files", config=CONFIG) as server:
        yield World(server, keys)


def test_the_list_is_that_of_the_42_operations():
    model = botocore.session.get_session().get_service_model("omics")
    assert len(OPERATIONS) == 42 and set(OPERATIONS) <= set(model.operation_names)


@pytest.mark.parametrize("who", ["reader", "writer"])
def test_a_role_is_refused_what_it_may_not(world, who):
    for operation, (needs, *_) in OPERATIONS.items():
        if needs in MAY[who]:
            continue
        status, code, text = world.call(who, operation, world.names)
        assert (status, code) == (403, "AccessDeniedException"), operation
        assert operation in text and who in text, text


def test_nobody_is_let_in_without_credentials(world):
    import requests

    model = botocore.session.get_session().get_service_model("omics")
    for operation in OPERATIONS:
        http = model.operation_model(operation).http
        path = re.sub(r"\{\w+\}", "x", http["requestUri"])
        answer = requests.request(http["method"], world.server.endpoint + path, json={})
        assert answer.status_code == 403, operation
        assert answer.headers["x-amzn-errortype"] == "MissingAuthenticationTokenException", operation
    for path in ("/sql", "/varberg/jobs/x/progress", "/openapi.json", "/nothing"):
        assert requests.post(world.server.endpoint + path, data="SELECT 1").status_code == 403, path


@pytest.mark.parametrize("who", ["stranger", "subscriber"])
def test_what_belongs_to_another_account_does_not_exist(world, who):
    """The same status, name and text as for what nobody has."""
    seen_by_subscriber = {"GetShare", "AcceptShare", "DeleteShare"} if who == "subscriber" else set()
    for operation, (_, _, *own) in OPERATIONS.items():
        if own or operation in seen_by_subscriber:
            continue
        foreign, absent = world.call(who, operation, world.names), world.call(who, operation, world.absent)
        assert foreign is not None and foreign[1] in ("ResourceNotFoundException", "ValidationException"), (operation, foreign)
        assert foreign[:2] == absent[:2], operation
        unnamed = lambda text, names: re.sub("|".join(sorted(map(re.escape, names.values()), key=len, reverse=True)), "?", text)
        assert unnamed(foreign[2], world.names) == unnamed(absent[2], world.absent), operation


@pytest.mark.parametrize("who", ["stranger", "subscriber"])
def test_listings_and_creations_stay_in_the_own_account(world, who):
    for operation, (_, _, *own) in OPERATIONS.items():
        if own:
            assert world.call(who, operation, world.names) is None, operation
    stores = world.clients[who].list_variant_stores()["variantStores"]
    assert stores == []
    assert [store["name"] for store in world.clients[who].list_annotation_stores()["annotationStores"]] == [f"notes_{who}"]


def test_a_shared_store_is_seen_in_sql_and_nowhere_else(world):
    ask = lambda who, table: sql(
        world.server, world.keys[who], f"SELECT count(*) AS n FROM {table}", headers={"Accept": "application/json"}
    )
    assert ask("subscriber", "cohort").json() == [{"n": 1}]
    assert ask("reader", "cohort").json() == [{"n": 1}]
    for who, table in [("stranger", "cohort"), ("subscriber", "notes"), ("subscriber", "doomed")]:
        refused, absent = ask(who, table), ask(who, "nothing")
        assert refused.status_code == 400, who
        assert refused.text.replace(f".{table}'", ".?'") == absent.text.replace(".nothing'", ".?'"), who
    shares = world.clients["subscriber"].list_shares(resourceOwner="OTHER")["shares"]
    assert [share["resourceArn"] for share in shares] == [world.names["store_arn"]]


def test_the_numbers_of_the_server_are_for_its_own_account(world):
    import requests

    for who, status in [("reader", 200), ("subscriber", 403), ("stranger", 403)]:
        key = world.keys[who]
        answer = requests.get(f"{world.server.endpoint}/metrics", auth=(key["accessKeyId"], key["secretAccessKey"]))
        assert answer.status_code == status, who


@pytest.mark.parametrize("who", ["reader", "writer", "admin"])
def test_a_role_may_do_what_it_may(world, who):
    """Last, because what an admin may do takes the world apart."""
    first = [operation for operation in OPERATIONS if operation not in LAST]
    for operation in [*first, *LAST]:
        if OPERATIONS[operation][0] not in MAY[who]:
            continue
        refusal = world.call(who, operation, world.names)
        # Allowed, even where the state of things forbids it: a job has ended, a reference is in use.
        if refusal is not None:
            assert refusal[1] in ("ConflictException", "ValidationException", "AccessDeniedException"), (operation, refusal)
            assert refusal[1] != "AccessDeniedException" or operation == "AcceptShare", (operation, refusal)
