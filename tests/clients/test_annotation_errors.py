"""What is refused of annotation stores, versions and jobs: error, HTTP status, and a message that names the member."""

import pytest
from annotation_stores import create, loaded, tsv_options
from botocore.exceptions import ClientError
from server import BUCKET, ROLE

POSITIONS = tsv_options("CHR_POS", "CHR=chr POS=pos", "chr:STRING pos:LONG")
ALLELES = "c:STRING p:LONG s:LONG e:LONG r:STRING a:STRING"
KEYS = {
    "CHR_POS": "CHR=c POS=p",
    "CHR_POS_REF_ALT": "CHR=c POS=p REF=r ALT=a",
    "CHR_START_END_ONE_BASE": "CHR=c START=s END=e",
    "CHR_START_END_ZERO_BASE": "CHR=c START=s END=e",
    "CHR_START_END_REF_ALT_ONE_BASE": "CHR=c START=s END=e REF=r ALT=a",
    "CHR_START_END_REF_ALT_ZERO_BASE": "CHR=c START=s END=e REF=r ALT=a",
}
LEFT_OUT = [(kind, key.split("=")[0]) for kind, keys in KEYS.items() for key in keys.split()]
UNKNOWN_JOB = "00000000-0000-4000-8000-000000000000"
ITEM = {"source": f"s3://{BUCKET}/known.tsv"}
V, N, C = ("ValidationException", 400), ("ResourceNotFoundException", 404), ("ConflictException", 409)


def store_of(options) -> dict:
    return dict(name="refused", storeFormat="TSV", storeOptions={"tsvStoreOptions": options})


def typed(kind: str, keys: str, schema: str = ALLELES) -> dict:
    return store_of(tsv_options(kind, keys, schema))


def job(**more) -> dict:
    return dict(destinationName="errors_tsv", roleArn=ROLE, items=[ITEM]) | more


def read(**options) -> dict:
    return job(formatOptions={"tsvOptions": {"readOptions": options}})


CREATE, VERSION, START = "create_annotation_store", "create_annotation_store_version", "start_annotation_import_job"
DELETE_VERSIONS = "delete_annotation_store_versions"
ERRORS = [
    (CREATE, dict(name="errors_tsv", storeFormat="GFF"), C, "errors_tsv"),
    (CREATE, dict(name="Upper", storeFormat="GFF"), V, "name"),
    (CREATE, dict(name="ab", storeFormat="GFF"), V, "name"),
    (CREATE, dict(storeFormat="GFF"), V, "name"),
    (CREATE, dict(name="refused"), V, "storeFormat"),
    (CREATE, dict(name="refused", storeFormat="BED"), V, "storeFormat"),
    (CREATE, dict(name="refused", storeFormat="GFF", versionName="NOT OK"), V, "versionName"),
    (CREATE, dict(name="refused", storeFormat="GFF", reference={"referenceArn": "no-arn"}), V, "referenceArn"),
    (CREATE, dict(name="refused", storeFormat="TSV"), V, "storeOptions"),
    (CREATE, dict(name="refused", storeFormat="TSV", storeOptions={}), V, "storeOptions"),
    (CREATE, store_of({"annotationType": "GENERIC", "formatToHeader": {}}), V, "schema"),
    (CREATE, store_of({"schema": []}), V, "schema"),
    (CREATE, store_of({"schema": [{"Upper": "STRING"}]}), V, "schema.1"),
    (CREATE, store_of({"schema": [{"a": "STRING"}, {"a": "LONG"}]}), V, "schema.2"),
    (CREATE, store_of({"schema": [{"a": "STRING", "b": "LONG"}]}), V, "schema.1"),
    (CREATE, store_of({"schema": [{"a": "VARCHAR"}]}), V, "schema.1"),
    (CREATE, store_of({"schema": [{"importjobid": "STRING"}]}), V, "importjobid"),
    (CREATE, store_of({"schema": [{f"c{i}": "INT"} for i in range(5001)]}), V, "schema"),
    (CREATE, store_of({"annotationType": "CHR_START", "schema": [{"a": "STRING"}]}), V, "annotationType"),
    (CREATE, typed("CHR_POS", "CHR=c POS=absent"), V, "formatToHeader.POS"),
    (CREATE, typed("CHR_POS", "CHR=c POS=a"), V, "POS"),
    (CREATE, typed("CHR_POS", "CHR=p POS=s"), V, "CHR"),
    (CREATE, typed("CHR_POS_REF_ALT", "CHR=c POS=p REF=s ALT=a"), V, "REF"),
    (CREATE, typed("CHR_POS", "CHR=c POS=p MIDDLE=s"), V, "formatToHeader"),
    (CREATE, typed("CHR_POS", "CHR=c POS=p") | dict(storeFormat="VCF"), V, "storeOptions"),
    (CREATE, typed("CHR_POS", "CHR=c POS=p") | dict(storeFormat="GFF"), V, "storeOptions"),
    ("get_annotation_store", dict(name="no_such_store"), N, "no_such_store"),
    ("update_annotation_store", dict(name="no_such_store", description="d"), N, "no_such_store"),
    ("update_annotation_store", dict(name="errors_tsv", description="d" * 501), V, "description"),
    ("delete_annotation_store", dict(name="no_such_store"), N, "no_such_store"),
    ("list_annotation_stores", dict(maxResults=101), V, "maxResults"),
    ("list_annotation_stores", dict(filter={"status": "NICE"}), V, "status"),
    ("list_annotation_stores", dict(nextToken="not a token"), V, "nextToken"),
    ("get_annotation_store", dict(name="errors_variants"), N, "errors_variants"),
    ("get_variant_store", dict(name="errors_tsv"), N, "errors_tsv"),
    (VERSION, dict(name="no_such_store", versionName="one"), N, "no_such_store"),
    (VERSION, dict(name="errors_tsv", versionName="errors_tsv"), C, "errors_tsv"),
    (VERSION, dict(name="errors_tsv"), V, "versionName"),
    (VERSION, dict(name="errors_gff", versionName="one", versionOptions={"tsvVersionOptions": POSITIONS}), V, "versionOptions"),
    (VERSION, dict(name="errors_tsv", versionName="one", versionOptions={"tsvVersionOptions": {"schema": [{"chr": "STRING"}]}}), V, "POS"),
    (VERSION, dict(name="errors_tsv", versionName="v" * 250), V, "versionName"),
    ("get_annotation_store_version", dict(name="errors_tsv", versionName="absent"), N, "absent"),
    ("update_annotation_store_version", dict(name="errors_tsv", versionName="absent", description="d"), N, "absent"),
    ("list_annotation_store_versions", dict(name="no_such_store"), N, "no_such_store"),
    ("list_annotation_store_versions", dict(name="errors_tsv", filter={"status": "NICE"}), V, "status"),
    (DELETE_VERSIONS, dict(name="no_such_store", versions=["one"]), N, "no_such_store"),
    (DELETE_VERSIONS, dict(name="errors_tsv", versions=[]), V, "versions"),
    (DELETE_VERSIONS, dict(name="errors_tsv", versions=[f"version{i}" for i in range(11)]), V, "versions"),
    (START, job(destinationName="no_such_store"), N, "no_such_store"),
    (START, job(destinationName="errors_variants"), N, "errors_variants"),
    (START, job(versionName="absent"), N, "absent"),
    (START, job(items=[]), V, "items"),
    (START, job(items=[ITEM, ITEM]), V, "items"),
    (START, job(items=[{"source": "http://x/y.tsv"}]), V, "source"),
    (START, job(roleArn="x" * 30), V, "roleArn"),
    (START, job(formatOptions={"vcfOptions": {}}), V, "vcfOptions"),
    (START, job(destinationName="errors_vcf", formatOptions={"tsvOptions": {}}), V, "tsvOptions"),
    (START, job(formatOptions={"tsvOptions": {}, "vcfOptions": {}}), V, "formatOptions"),
    (START, read(sep=""), V, "sep"),
    (START, read(sep="x" * 21), V, "sep"),
    (START, read(sep="\n"), V, "sep"),
    (START, read(encoding="EBCDIC"), V, "UTF-16LE"),
    (START, read(quote="''"), V, "quote"),
    (START, read(comment="//"), V, "comment"),
    (START, read(header="yes"), V, "header"),
    (START, read(lineSep="abc"), V, "lineSep"),
    (START, job(runLeftNormalization="yes"), V, "runLeftNormalization"),
    (START, job(destinationName="errors_alleles", runLeftNormalization=True), V, "reference"),
    (START, job(destinationName="errors_vcf", annotationFields={"VEP": "C" * 22}), V, "annotationFields"),
    ("get_annotation_import_job", dict(jobId=UNKNOWN_JOB), N, UNKNOWN_JOB),
    ("get_annotation_import_job", dict(jobId="not-a-uuid"), V, "jobId"),
    ("cancel_annotation_import_job", dict(jobId=UNKNOWN_JOB), N, UNKNOWN_JOB),
    ("cancel_annotation_import_job", dict(jobId="{finished}"), V, "COMPLETED"),
    ("get_variant_import_job", dict(jobId="{finished}"), N, ""),
    ("cancel_variant_import_job", dict(jobId="{finished}"), N, ""),
    ("list_annotation_import_jobs", dict(filter={"status": "NICE"}), V, "status"),
]


@pytest.fixture(scope="module")
def known(shared_server, reference):
    create(shared_server, "errors_tsv", "TSV", POSITIONS)
    create(shared_server, "errors_gff", "GFF")
    create(shared_server, "errors_vcf", "VCF")
    create(shared_server, "errors_alleles", "TSV", tsv_options("CHR_POS_REF_ALT", KEYS["CHR_POS_REF_ALT"], ALLELES))
    shared_server.client().create_variant_store(name="errors_variants", reference={"referenceArn": reference})
    return {"{finished}": loaded(shared_server, "errors_tsv", "known.tsv", "chr\tpos\n1\t2\n")["id"]}


def refused(server, operation: str, arguments: dict) -> dict:
    client = server.client(parameter_validation=False, retries={"max_attempts": 0})
    with pytest.raises(ClientError) as caught:
        getattr(client, operation)(**arguments)
    return caught.value.response


@pytest.mark.parametrize("operation,arguments,error,named", ERRORS, ids=[f"{i}-{e[0]}" for i, e in enumerate(ERRORS)])
def test_errors_have_their_name_and_status_and_say_what_is_wrong(shared_server, known, operation, arguments, error, named):
    filled = {member: known.get(value, value) if isinstance(value, str) else value for member, value in arguments.items()}
    answer = refused(shared_server, operation, filled)
    assert (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]) == error, answer
    assert named in answer["Error"]["Message"]
    assert answer["ResponseMetadata"]["RequestId"]


@pytest.mark.parametrize("kind,key", LEFT_OUT)
def test_a_type_without_one_of_its_keys_is_refused_at_creation(shared_server, kind, key):
    keys = " ".join(pair for pair in KEYS[kind].split() if not pair.startswith(f"{key}="))
    answer = refused(shared_server, CREATE, typed(kind, keys))
    assert answer["Error"]["Code"] == "ValidationException"
    assert f"formatToHeader.{key}" in answer["Error"]["Message"] and kind in answer["Error"]["Message"]


def test_nothing_that_was_refused_is_there(shared_server, known):
    names = [s["name"] for s in shared_server.client().list_annotation_stores()["annotationStores"]]
    assert "refused" not in names
    versions = shared_server.client().list_annotation_store_versions(name="errors_tsv")["annotationStoreVersions"]
    assert [v["versionName"] for v in versions] == ["errors_tsv"]
