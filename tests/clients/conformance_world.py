"""What the conformance suite asks about: a server with one resource of each kind, and legal requests about them.

In: a directory. Out: `World` with `minimal`, `maximal` and `probes` of all operations: members as boto3 would take them.
"""

import itertools
import pathlib

from annotation_stores import tsv_options
from conformance import Wire
from server import ACCOUNT, BUCKET, ROLE, Server, reference_arn, wait_for, wait_for_job
from vcf_files import vcf

SUBSCRIBER = "111122223333"
ARN = f"arn:aws:omics:us-east-1:{ACCOUNT}"
KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
UNKNOWN_JOB = "00000000-0000-4000-8000-000000000000"
UNKNOWN_ID = "1234567890"
SSE = {"type": "KMS", "keyArn": KEY}
TAGS = {"team": "blue", "µ/ü:=+-@_.": ""}
COLUMNS = "chr:STRING pos:LONG start:INT end:INT ref:STRING alt:STRING f:FLOAT d:DOUBLE b:BOOLEAN"
POSITIONS = tsv_options("CHR_POS_REF_ALT", "CHR=chr POS=pos START=start END=end REF=ref ALT=alt", COLUMNS)
GENERIC = tsv_options("GENERIC", "", COLUMNS)
READ_OPTIONS = {
    "sep": "\t",
    "encoding": "UTF-8",
    "quote": '"',
    "quoteAll": True,
    "escape": "\\",
    "escapeQuotes": False,
    "comment": "#",
    "header": False,
    "lineSep": "\n",
}
VCF_OPTIONS = {"ignoreQualField": True, "ignoreFilterField": False}


QUOTAS = "variant_stores annotation_stores versions import_jobs shares reference_stores references"
RATES = "analytics shares tags references reference_changes downloads"
FULL = "[quotas]\n" + "".join(f"{name} = 1\n" for name in QUOTAS.split())
RATED = "[quotas]\n" + "".join(f"rate_{name} = 1\n" for name in RATES.split())


class World:
    """A running server, and others for what it cannot show itself.

    On the same data one for another account and one that takes one call a second; on other data one whose imports stand
    still, so that jobs stay in progress, and one that has as much of everything as it may have.
    """

    def __init__(self, base: pathlib.Path):
        self.hold = base / "hold"
        self.server = Server(base / "data", base / "files")
        self.held = Server(base / "held", base / "files", hold=f"claimed:{self.hold}", config="max_jobs = 1\n")
        self.full_hold = base / "full_hold"
        self.full = Server(base / "held", base / "files", hold=f"claimed:{self.full_hold}", config="max_jobs = 1\n" + FULL)
        self.rated = Server(base / "data", base / "files", config=RATED)
        self.subscriber = Server(base / "data", base / "files", environment={"VARBERG_ACCOUNT": SUBSCRIBER})
        self.wire, self.held_wire, self.subscriber_wire = (Wire(s.endpoint) for s in (self.server, self.held, self.subscriber))
        self.full_wire, self.rated_wire = Wire(self.full.endpoint), Wire(self.rated.endpoint)
        self.client = self.server.client()
        self._numbers = itertools.count(1)
        self._make_references()
        self._make_stores()
        self._import()

    def stop(self):
        self.hold.unlink(missing_ok=True)
        self.full_hold.unlink(missing_ok=True)
        for running in (self.server, self.subscriber, self.rated, self.held, self.full):
            running.kill()

    def wire_of(self, operation: str) -> Wire:
        """Where an operation is called: cancels where jobs stand still, accepts by the subscriber."""
        if operation.startswith("Cancel"):
            return self.held_wire
        return self.subscriber_wire if operation == "AcceptShare" else self.wire

    def fresh(self) -> str:
        """A name that nothing has."""
        return f"fresh_{next(self._numbers)}"

    def _make_references(self):
        self.reference = reference_arn(self.server)
        _, self.reference_store, _, self.reference_id = self.reference.split(":")[-1].split("/")
        self.held_reference = reference_arn(self.held, "held.fa")
        jobs = self.client.list_reference_import_jobs(referenceStoreId=self.reference_store)["importJobs"]
        self.reference_job = jobs[0]["id"]

    def _make_stores(self):
        reference = {"referenceArn": self.reference}
        self.variant_store = self.client.create_variant_store(name="the_variants", reference=reference)
        self.variant_arn = self.client.get_variant_store(name="the_variants")["storeArn"]
        tsv = {"tsvStoreOptions": POSITIONS}
        self.client.create_annotation_store(name="the_table", storeFormat="TSV", storeOptions=tsv, reference=reference)
        self.client.create_annotation_store(name="the_vcf", storeFormat="VCF")
        self.client.create_annotation_store(name="the_gff", storeFormat="GFF", versionName="first")
        self.client.create_annotation_store_version(name="the_table", versionName="second")
        for length in (3, 255):  # the shortest and the longest name; taken, so that no test makes them
            self.client.create_annotation_store(name="a" * length, storeFormat="TSV", storeOptions=tsv)
        self.held.client().create_variant_store(name="the_variants", reference={"referenceArn": self.held_reference})
        self.held.client().create_annotation_store(name="the_vcf", storeFormat="VCF")
        self.held.client().create_annotation_store_version(name="the_vcf", versionName="second")

    def _import(self):
        (self.server.files / "good.vcf").write_text(vcf(3))
        (self.server.files / "good.tsv").write_text("chr1\t3\t1\t2\tA\tC\t1.5\t2.5\ttrue\n")
        for i in range(4):
            (self.server.files / f"more{i}.fa").write_text(f">chr{i}\nACGT\n")
        for _ in range(2):
            self.start_variants(self.held.client())
        wait_for(lambda: self.hold.exists() and self.full_hold.exists(), "both workers to stand still: what is started later waits")
        self.start_variants(self.client)
        self.variant_job = self.start_variants(self.client)
        assert wait_for_job(self.server, self.variant_job)["status"] == "COMPLETED"
        items = [{"source": f"s3://{BUCKET}/good.tsv"}]
        options = {"tsvOptions": {"readOptions": READ_OPTIONS}}
        self.annotation_job = self.client.start_annotation_import_job(
            destinationName="the_table", roleArn=ROLE, items=items, formatOptions=options
        )["jobId"]
        wait_for(lambda: self.client.get_annotation_import_job(jobId=self.annotation_job)["status"] == "COMPLETED", "an import")

        self.new_reference()
        for _ in range(2):
            self.start_annotations(self.client)

    def start_variants(self, client, name="the_variants") -> str:
        items = [{"source": f"s3://{BUCKET}/good.vcf"}]
        return client.start_variant_import_job(destinationName=name, roleArn=ROLE, items=items)["jobId"]

    def start_annotations(self, client, name="the_vcf", **more) -> str:
        items = [{"source": f"s3://{BUCKET}/good.vcf"}]
        return client.start_annotation_import_job(destinationName=name, roleArn=ROLE, items=items, **more)["jobId"]

    def new_store(self) -> str:
        name = self.fresh()
        self.client.create_variant_store(name=name, reference={"referenceArn": self.reference})
        return name

    def new_annotation_store(self, *versions: str) -> str:
        name = self.fresh()
        self.client.create_annotation_store(name=name, storeFormat="GFF")
        for version in versions:
            self.client.create_annotation_store_version(name=name, versionName=version)
        return name

    def new_reference(self) -> str:
        """The id of a reference that no store uses."""
        sources = [{"sourceFile": f"s3://{BUCKET}/more0.fa", "name": self.fresh()}]
        started = self.client.start_reference_import_job(referenceStoreId=self.reference_store, roleArn=ROLE, sources=sources)
        where = dict(referenceStoreId=self.reference_store, id=started["id"])
        wait_for(lambda: self.client.get_reference_import_job(**where)["status"] == "COMPLETED", "a reference")
        return self.client.get_reference_import_job(**where)["sources"][0]["referenceId"]

    def new_share(self) -> str:
        arn = self.client.get_variant_store(name=self.new_store())["storeArn"]
        return self.client.create_share(resourceArn=arn, principalSubscriber=SUBSCRIBER)["shareId"]


def minimal(world: World, operation: str) -> dict:
    """A legal request with the required members alone, and whatever it needs."""
    item = [{"source": f"s3://{BUCKET}/good.vcf"}]
    job = dict(destinationName="the_variants", roleArn=ROLE, items=item)
    reference = dict(referenceStoreId=world.reference_store, id=world.reference_id)
    made = {
        "CreateVariantStore": lambda: dict(name=world.fresh(), reference={"referenceArn": world.reference}),
        "GetVariantStore": lambda: dict(name="the_variants"),
        "UpdateVariantStore": lambda: dict(name="the_variants"),
        "DeleteVariantStore": lambda: dict(name=world.new_store()),
        "StartVariantImportJob": lambda: job,
        "GetVariantImportJob": lambda: dict(jobId=world.variant_job),
        "CancelVariantImportJob": lambda: dict(jobId=world.start_variants(world.held.client())),
        "CreateAnnotationStore": lambda: dict(name=world.fresh(), storeFormat="VCF"),
        "GetAnnotationStore": lambda: dict(name="the_vcf"),
        "UpdateAnnotationStore": lambda: dict(name="the_gff"),
        "DeleteAnnotationStore": lambda: dict(name=world.new_annotation_store()),
        "CreateAnnotationStoreVersion": lambda: dict(name="the_gff", versionName=world.fresh()),
        "GetAnnotationStoreVersion": lambda: dict(name="the_gff", versionName="first"),
        "UpdateAnnotationStoreVersion": lambda: dict(name="the_gff", versionName="first"),
        "DeleteAnnotationStoreVersions": lambda: dict(name=world.new_annotation_store("second"), versions=["second"]),
        "ListAnnotationStoreVersions": lambda: dict(name="the_table"),
        "StartAnnotationImportJob": lambda: job | dict(destinationName="the_vcf"),
        "GetAnnotationImportJob": lambda: dict(jobId=world.annotation_job),
        "CancelAnnotationImportJob": lambda: dict(jobId=world.start_annotations(world.held.client())),
        "CreateShare": lambda: dict(resourceArn=world.variant_arn, principalSubscriber=SUBSCRIBER),
        "GetShare": lambda: dict(shareId=world.new_share()),
        "AcceptShare": lambda: dict(shareId=world.new_share()),
        "DeleteShare": lambda: dict(shareId=world.new_share()),
        "ListShares": lambda: dict(resourceOwner="SELF"),
        "TagResource": lambda: dict(resourceArn=world.variant_arn, tags={}),
        "UntagResource": lambda: dict(resourceArn=world.variant_arn, tagKeys=["absent"]),
        "ListTagsForResource": lambda: dict(resourceArn=world.variant_arn),
        "CreateReferenceStore": lambda: dict(name="n"),
        "GetReferenceStore": lambda: dict(id=world.reference_store),
        "DeleteReferenceStore": lambda: dict(id=world.client.create_reference_store(name="empty")["id"]),
        "StartReferenceImportJob": lambda: dict(
            referenceStoreId=world.reference_store, roleArn=ROLE, sources=[{"sourceFile": f"s3://{BUCKET}/more1.fa", "name": "ref"}]
        ),
        "GetReferenceImportJob": lambda: reference | dict(id=world.reference_job),
        "ListReferenceImportJobs": lambda: dict(referenceStoreId=world.reference_store),
        "GetReferenceMetadata": lambda: reference,
        "GetReference": lambda: reference | dict(partNumber=1),
        "ListReferences": lambda: dict(referenceStoreId=world.reference_store),
        "DeleteReference": lambda: reference | dict(id=world.new_reference()),
    }
    return made[operation]() if operation in made else {}


def maximal(world: World, operation: str) -> list[dict]:
    """Legal requests that together have every member there is: several where a union has several."""
    least = minimal(world, operation)
    described = dict(description="text", tags=TAGS)
    page = dict(maxResults=100, ids=["a" * 50])
    dates = dict(createdAfter="2020-01-01T00:00:00Z", createdBefore="2099-01-01T00:00:00.000001+01:00")
    job = dict(runLeftNormalization=True, annotationFields={"VEP": "CSQ"})
    filters = {
        "ListVariantStores": dict(status="ACTIVE"),
        "ListVariantImportJobs": dict(status="COMPLETED", storeName="the_variants"),
        "ListAnnotationStores": dict(status="ACTIVE"),
        "ListAnnotationImportJobs": dict(status="COMPLETED", storeName="the_table"),
    }
    if operation in filters:
        return [page | dict(filter=filters[operation]), dict(maxResults=1), {}]
    tsv = least | dict(
        destinationName="the_table", versionName="second", formatOptions={"tsvOptions": {"readOptions": READ_OPTIONS}}
    )
    with_reference = dict(reference={"referenceArn": world.reference}, sseConfig=SSE)
    made = {
        "CreateVariantStore": [described | dict(sseConfig=SSE)],
        "UpdateVariantStore": [dict(description="Ω")],
        "DeleteVariantStore": [dict(force=True)],
        "StartVariantImportJob": [job],
        "CreateAnnotationStore": [
            described | with_reference | dict(versionName="v_1", storeFormat="TSV", storeOptions={"tsvStoreOptions": POSITIONS})
        ],
        "UpdateAnnotationStore": [dict(description="")],
        "DeleteAnnotationStore": [dict(force=True)],
        "CreateAnnotationStoreVersion": [described | dict(name="the_table", versionOptions={"tsvVersionOptions": POSITIONS})],
        "UpdateAnnotationStoreVersion": [dict(description="d")],
        "DeleteAnnotationStoreVersions": [dict(force=True)],
        "ListAnnotationStoreVersions": [dict(maxResults=1, filter={"status": "ACTIVE"})],
        "StartAnnotationImportJob": [tsv | job, dict(versionName="the_vcf", formatOptions={"vcfOptions": VCF_OPTIONS})],
        "CreateShare": [dict(resourceArn=share_target(world, operation), shareName="share-1_A")],
        "ListShares": [
            dict(maxResults=1),
            dict(filter={"resourceArns": [world.variant_arn], "status": ["PENDING"], "type": ["VARIANT_STORE"]}),
            dict(resourceOwner="OTHER"),
        ],
        "TagResource": [dict(tags=TAGS)],
        "UntagResource": [dict(tagKeys=[*TAGS, "absent"])],
        "CreateReferenceStore": [dict(name="名前", description="text", sseConfig=SSE, tags=TAGS, clientToken=world.fresh())],
        "StartReferenceImportJob": [
            dict(
                clientToken=world.fresh(),
                sources=[
                    {"sourceFile": f"s3://{BUCKET}/more{i}.fa", "name": "name", "description": "text", "tags": TAGS} for i in (2, 3)
                ],
            )
        ],
        "ListReferenceStores": [dict(maxResults=100, filter=dates | {"name": "references"}), dict(maxResults=1)],
        "ListReferenceImportJobs": [dict(maxResults=100, filter=dates | {"status": "COMPLETED"}), dict(maxResults=1)],
        "ListReferences": [dict(maxResults=100, filter=dates | {"name": "tiny", "md5": "0" * 32}), dict(maxResults=1)],
        "GetReference": [dict(file="SOURCE", range="bytes=0-3"), dict(file="INDEX")],
    }
    return [least | more for more in made.get(operation, [{}])]


def share_target(world: World, operation: str) -> str:
    """A store that is not shared yet."""
    if operation != "CreateShare":
        return world.variant_arn
    return world.client.get_variant_store(name=world.new_store())["storeArn"]


def probes(world: World, operation: str) -> list[tuple[dict, set]]:
    """Maximal requests to be changed in one place and sent often: what passes validation finds its name taken, or nothing.

    So that neither a legal nor an illegal one changes the world. Each with the members that are left to the next one,
    because another member of the request says what they may be.
    """
    absent = {
        "CreateVariantStore": dict(name="the_variants"),
        "DeleteVariantStore": dict(name="no_such_store"),
        "StartVariantImportJob": dict(destinationName="no_such_store"),
        "CancelVariantImportJob": dict(jobId=UNKNOWN_JOB),
        "CreateAnnotationStore": dict(name="the_table"),
        "DeleteAnnotationStore": dict(name="no_such_store"),
        "CreateAnnotationStoreVersion": dict(versionName="second"),
        "DeleteAnnotationStoreVersions": dict(name="no_such_store", versions=["second"]),
        "StartAnnotationImportJob": dict(versionName="no_such_version"),
        "CancelAnnotationImportJob": dict(jobId=UNKNOWN_JOB),
        "CreateShare": dict(resourceArn=f"{ARN}:variantStore/no_such_store"),
        "AcceptShare": dict(shareId=UNKNOWN_JOB),
        "DeleteShare": dict(shareId=UNKNOWN_JOB),
        "TagResource": dict(resourceArn=f"{ARN}:variantStore/no_such_store"),
        "UntagResource": dict(resourceArn=f"{ARN}:variantStore/no_such_store"),
        "DeleteReferenceStore": dict(id=UNKNOWN_ID),
        "StartReferenceImportJob": dict(referenceStoreId=UNKNOWN_ID),
        "DeleteReference": dict(id=UNKNOWN_ID),
    }
    found = [(request | absent.get(operation, {}), set()) for request in maximal(world, operation)]
    first = found[0][0]
    if operation == "CreateAnnotationStore":
        no_options = {k: v for k, v in first.items() if k != "storeOptions"} | dict(storeFormat="GFF")
        generic = first | dict(storeOptions={"tsvStoreOptions": GENERIC})
        return [
            (first, {"schema", "storeFormat"}),
            (generic, {"annotationType", "formatToHeader", "storeFormat"}),
            (no_options, {"storeOptions"}),
        ]
    if operation == "CreateAnnotationStoreVersion":
        generic = first | dict(versionOptions={"tsvVersionOptions": GENERIC})
        return [(first, {"schema"}), (generic, {"annotationType", "formatToHeader"})]
    if operation.startswith("List") and operation != "ListTagsForResource":
        found.append((minimal(world, operation) | dict(nextToken="token"), set()))
    return found
