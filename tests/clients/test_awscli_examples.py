"""Every example of the AWS command line's own `omics` documentation about the operations in scope, run as documented.

The command lines are the documented ones with our names in place; what is printed must have the documented members in
the documented form. Members that the examples lack, because they show an older answer, are told apart. The installed
examples are read to see that none is missing here, and that no option or member of theirs is.
"""

import json
import pathlib
import re

import awscli
import pytest
from annotation_stores import tsv_options
from botocore import xform_name
from conformance import OPERATIONS
from conformance_world import SUBSCRIBER, World
from server import BUCKET, ROLE, run_aws

DOCUMENTS = pathlib.Path(awscli.__file__).parent / "examples" / "omics"
HEX12 = "[a-f0-9]{12}"
UUID = "[a-f0-9]{8}(-[a-f0-9]{4}){3}-[a-f0-9]{12}"
STATE = "CREATING|UPDATING|ACTIVE|DELETING|FAILED"
SECOND = r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d"
ARN = r"arn:aws:omics:us-east-1:\d{12}:"
JOB = "SUBMITTED|IN_PROGRESS|COMPLETED|FAILED|CANCELLED|COMPLETED_WITH_FAILURES"
FORMS = {
    "hex12": HEX12, "uuid": UUID, "digits10": r"\d{10}", "md5": "[a-f0-9]{32}", "account": r"\d{12}",
    "micros": rf"{SECOND}\.\d{{6}}(Z|\+00:00)", "millis": rf"{SECOND}\.\d{{3}}Z", "job": JOB, "share": "PENDING|ACTIVATING|ACTIVE|DELETING", "state": STATE, "role": r"arn:aws:iam::\d{12}:role/.+",
    "s3": "s3://.+", "text": "(?s).*", "name": ".+", "variants": rf"{ARN}variantStore/\w+", "annotations": rf"{ARN}annotationStore/\w+",
    "version": rf"{ARN}annotationStore/\w+/version/\w+", "references": rf"{ARN}referenceStore/\d{{10}}",
    "reference": rf"{ARN}referenceStore/\d{{10}}/reference/\d{{10}}",
}  # fmt: skip
TYPES = {"count": int, "flag": bool, "map": dict}

STORE = "creationTime:micros id:hex12 name:name reference.referenceArn:reference"
JOB_MEMBERS = "creationTime:micros destinationName:name id:uuid roleArn:role runLeftNormalization:flag status:job updateTime:micros"
REFERENCE = "arn:reference creationTime:millis id:digits10 md5:md5 name:name referenceStoreId:digits10 status=ACTIVE updateTime:millis"
REFERENCE_STORE = "arn:references creationTime:millis id:digits10 name:name"
REFERENCE_JOB = "creationTime:millis id:digits10 referenceStoreId:digits10 roleArn:role"
VERSION = "storeId:hex12 id:hex12 status=ACTIVE versionArn:version name:name versionName:name creationTime:micros versionSizeBytes:count"
SHARE = "shareId:uuid shareName:name resourceArn:variants principalSubscriber:account ownerId:account status:share"
FILE = "contentLength:count partSize:count totalParts:count"
TSV = "annotationType=CHR_START_END_ZERO_BASE formatToHeader.CHR=chromosome formatToHeader.START=start formatToHeader.END=end"
TSV_OPTIONS = tsv_options("CHR_START_END_ZERO_BASE", "CHR=chromosome START=start END=end", "chromosome:STRING start:LONG end:LONG name:STRING")
COLUMNS = "schema[].chromosome=STRING schema[].start=LONG schema[].end=LONG schema[].name=STRING"


def of(prefix: str, members: str) -> str:
    """The members below `prefix`."""
    return " ".join(prefix + member for member in members.split())


# name: (documented command line, documented members, members that the documented answer is too old to have or leaves out)
EXAMPLES = {
    "accept-share": ("--share-id {share}", "status=ACTIVATING", ""),
    "cancel-annotation-import-job": ("--job-id {held_annotations}", "", ""),
    "cancel-variant-import-job": ("--job-id {held_variants}", "", ""),
    "create-annotation-store-version": (
        "--name the_vcf --version-name third_one", "creationTime:micros id:hex12 name=the_vcf status=CREATING versionName=third_one", "storeId:hex12",
    ),
    "create-annotation-store": (
        "--name {fresh} --store-format VCF --reference referenceArn={reference}", f"{STORE} status=CREATING storeFormat=VCF", "versionName:name",
    ),
    "create-annotation-store 2": (
        "--name {fresh} --store-format TSV --reference referenceArn={reference} --store-options file://{options}",
        f"{STORE} status=CREATING storeFormat=TSV " + of("storeOptions.tsvStoreOptions.", f"{TSV} {COLUMNS}"), "versionName:name",
    ),
    "create-reference-store": ("--name my-ref-store", REFERENCE_STORE, ""),
    "create-share": (
        "--resource-arn {own_arn} --principal-subscriber {subscriber} --share-name our-share_1", "shareId:uuid shareName=our-share_1 status=PENDING", "",
    ),
    "create-variant-store": ("--name {fresh} --reference referenceArn={reference}", f"{STORE} status=CREATING", ""),
    "delete-annotation-store-versions": ("--name {versioned} --versions second", "errors[]", ""),
    "delete-annotation-store": ("--name {own_annotations}", "status=DELETING", ""),
    "delete-reference-store": ("--id {own_references}", "", ""),
    "delete-reference": ("--reference-store-id {references} --id {own_reference}", "", ""),
    "delete-share": ("--share-id {share}", "status=DELETING", ""),
    "delete-variant-store": ("--name {own_variants}", "status=DELETING", ""),
    "get-annotation-import-job": (
        "--job-id {annotation_job}", f"{JOB_MEMBERS} items[].jobStatus:job items[].source:s3",
        "completionTime:micros formatOptions:map statusMessage:text versionName:name",
    ),
    "get-annotation-store-version": (
        "--name the_table --version-name second", f"{VERSION} updateTime:micros statusMessage:text", "description:text tags:map versionOptions:map",
    ),
    "get-annotation-store": (
        "--name {annotations}", f"{STORE} status=ACTIVE storeArn:annotations storeFormat=VCF storeSizeBytes:count tags:map",
        "description:text numVersions:count sseConfig.type=KMS statusMessage:text updateTime:micros",
    ),
    "get-reference-import-job": (
        "--reference-store-id {held_references} --id {held_reference_job}",
        f"{REFERENCE_JOB} sources[].name:name sources[].sourceFile:s3 sources[].status=NOT_STARTED sources[].statusMessage:name status=SUBMITTED statusMessage:name", "",
    ),
    "get-reference-metadata": (
        "--reference-store-id {references} --id {reference_id}", f"{REFERENCE} {of('files.index.', FILE)} {of('files.source.', FILE)}",
        "creationJobId:digits10 creationType=IMPORT",
    ),
    "get-reference-store": ("--id {references}", REFERENCE_STORE, ""),
    "get-reference": ("--reference-store-id {references} --id {reference_id} --part-number 1 {outfile}", "", ""),
    "get-share": ("--share-id {share}", of("share.", SHARE), "share.resourceId:hex12 share.statusMessage:text share.creationTime:micros share.updateTime:micros"),
    "get-variant-import-job": (
        "--job-id {variant_job}", f"{JOB_MEMBERS} items[].jobStatus:job items[].source:s3",
        "annotationFields:map completionTime:micros statusMessage:text",
    ),
    "get-variant-store": (
        "--name the_variants", f"{STORE} status=ACTIVE storeArn:variants storeSizeBytes:count tags:map updateTime:micros",
        "description:text sseConfig.type=KMS statusMessage:text",
    ),
    "list-annotation-import-jobs": ("", of("annotationImportJobs[].", JOB_MEMBERS), of("annotationImportJobs[].", "annotationFields:map completionTime:micros versionName:name")),
    "list-annotation-store-versions": (
        "--name the_table", of("annotationStoreVersions[].", f"{VERSION} updateTime:micros statusMessage:text"), "annotationStoreVersions[].description:text",
    ),
    "list-annotation-stores": (
        "", of("annotationStores[].", f"{STORE} status:state statusMessage:text storeArn:annotations storeFormat:name storeSizeBytes:count updateTime:micros"),
        of("annotationStores[].", "description:text sseConfig.type=KMS"),
    ),
    "list-reference-import-jobs": ("--reference-store-id {references}", of("importJobs[].", f"{REFERENCE_JOB} status=COMPLETED completionTime:millis"), ""),
    "list-reference-stores": ("", of("referenceStores[].", REFERENCE_STORE), ""),
    "list-references": ("--reference-store-id {references}", of("references[].", REFERENCE), ""),
    "list-shares": ("--resource-owner SELF", of("shares[].", SHARE), of("shares[].", "resourceId:hex12 statusMessage:text creationTime:micros updateTime:micros")),
    "list-tags-for-resource": ("--resource-arn {tagged_arn}", "tags.department=analytics", ""),
    "list-variant-import-jobs": ("", of("variantImportJobs[].", JOB_MEMBERS), of("variantImportJobs[].", "annotationFields:map completionTime:micros")),
    "list-variant-stores": (
        "", of("variantStores[].", f"{STORE} status:state storeArn:variants storeSizeBytes:count updateTime:micros"),
        of("variantStores[].", "description:text sseConfig.type=KMS statusMessage:text"),
    ),
    "start-annotation-import-job": (
        "--destination-name the_table --no-run-left-normalization --role-arn {role} --items source={bucket}/good.tsv", "jobId:uuid", "",
    ),
    "start-reference-import-job": (
        "--reference-store-id {references} --role-arn {role} --sources sourceFile={bucket}/more1.fa,name=ours", f"{REFERENCE_JOB} status=SUBMITTED", "",
    ),
    "start-variant-import-job": (
        "--destination-name the_variants --no-run-left-normalization --role-arn {role} --items source={bucket}/good.vcf", "jobId:uuid", "",
    ),
    "tag-resource": ("--resource-arn {tagged_arn} --tags department=analytics", "", ""),
    "untag-resource": ("--resource-arn {tagged_arn} --tag-keys department", "", ""),
    "update-annotation-store": (
        "--name {annotations} --description {text}", f"{STORE} description:text status=ACTIVE storeFormat=VCF updateTime:micros", "",
    ),
    "update-variant-store": ("--name the_variants --description {text}", f"{STORE} description:text status=ACTIVE updateTime:micros", ""),
    "wait": ("annotation-store-created --name {annotations}", "", ""),
}  # fmt: skip

OLDER = {
    "create-annotation-store-version": ({"-reference", "-referenceArn"}, "the model has no reference in this answer; the command line shows no member that the model lacks"),
    "create-share": ({"-name", "+shareName", "-option name", "+option share-name"}, "the model calls it shareName; the option --name does not exist"),
    "get-share": ({"-name", "+shareName"}, "the model calls it shareName"),
    "list-shares": ({"-name", "+shareName"}, "the model calls it shareName"),
}
"""Where the installed examples show what the installed model does not have: what we lack of theirs, what we have instead, and why."""

NO_EXAMPLE = {"update-annotation-store-version"}


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    """A world of its own: what the listings show is known."""
    made = World(tmp_path_factory.mktemp("examples"))
    made.client.create_annotation_store(name="with_reference", storeFormat="VCF", reference={"referenceArn": made.reference})
    (made.server.files / "options.json").write_text(json.dumps({"tsvStoreOptions": TSV_OPTIONS}))
    yield made
    made.stop()


def makers(desk, tmp_path) -> dict:
    """What stands for the documented names; each is made when an example needs it."""
    return {
        "fresh": desk.fresh,
        "share": lambda: share(desk),
        "subscriber": lambda: SUBSCRIBER,
        "held_variants": lambda: desk.start_variants(desk.held.client()),
        "held_annotations": lambda: desk.start_annotations(desk.held.client()),
        "reference": lambda: desk.reference,
        "references": lambda: desk.reference_store,
        "reference_id": lambda: desk.reference_id,
        "held_references": lambda: desk.held_reference.split("/")[1],
        "held_reference_job": lambda: waiting_reference_job(desk),
        "variant_job": lambda: desk.variant_job,
        "annotation_job": lambda: desk.annotation_job,
        "annotations": lambda: "with_reference",
        "own_arn": lambda: desk.client.get_variant_store(name=desk.new_store())["storeArn"],
        "own_variants": desk.new_store,
        "own_annotations": desk.new_annotation_store,
        "versioned": lambda: desk.new_annotation_store("second"),
        "own_reference": desk.new_reference,
        "own_references": lambda: desk.client.create_reference_store(name="empty")["id"],
        "tagged_arn": lambda: tagged(desk),
        "options": lambda: str(desk.server.files / "options.json"),
        "outfile": lambda: str(tmp_path / "part.fa"),
        "role": lambda: ROLE,
        "bucket": lambda: f"s3://{BUCKET}",
        "text": lambda: "what it holds",
    }


def share(desk) -> str:
    arn = desk.client.get_variant_store(name=desk.new_store())["storeArn"]
    return desk.client.create_share(resourceArn=arn, principalSubscriber=SUBSCRIBER, shareName="our-share_1")["shareId"]


def waiting_reference_job(desk) -> str:
    """A reference import that has not ended, as in the documentation: it waits for ever behind a job that stands still."""
    sources = [{"sourceFile": f"s3://{BUCKET}/more1.fa", "name": "ours"}]
    store = desk.held_reference.split("/")[1]
    return desk.held.client().start_reference_import_job(referenceStoreId=store, roleArn=ROLE, sources=sources)["id"]


def tagged(desk) -> str:
    desk.client.tag_resource(resourceArn=desk.variant_arn, tags={"department": "analytics"})
    return desk.variant_arn


def run_example(desk, tmp_path, name: str) -> dict:
    """What the documented command prints; nothing counts as an empty object."""
    if name == "list-shares":
        share(desk)
    known = makers(desk, tmp_path)
    words = [re.sub(r"{(\w+)}", lambda found: known[found[1]](), word) for word in EXAMPLES[name][0].split()]
    where = desk.held if "{held" in EXAMPLES[name][0] else desk.subscriber if name == "accept-share" else desk.server
    return run_aws(where, name.split()[0], *words) or {}


def parsed(members: str) -> dict:
    """Form by path: `path:form`, `path=value`, `path[]` an empty list."""
    tokens = (re.fullmatch(r"(.+?)(:\w+|=.+|)", token).groups() for token in members.split())
    return {path: form or "[]" for path, form in tokens}


def leaves(value, forms: dict, path=""):
    """Paths and values; what is below an object of any content is not looked at."""
    if isinstance(value, dict) and forms.get(path) != ":map":
        for name, member in value.items():
            yield from leaves(member, forms, f"{path}.{name}" if path else name)
    elif isinstance(value, list) and value:
        for item in value:
            yield from leaves(item, forms, f"{path}[]")
    else:
        yield (f"{path}[]" if value == [] else path), value


def fits(value, form: str) -> bool:
    kind, text = form[0], form[1:]
    if kind == "=":
        return value == text
    if kind == "[":
        return value == []
    if text in TYPES:
        return type(value) is TYPES[text]
    return isinstance(value, str) and bool(re.fullmatch(FORMS[text], value))


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_prints_what_is_documented(desk, tmp_path, name):
    forms = parsed(" ".join(EXAMPLES[name][1:]))
    printed = list(leaves(run_example(desk, tmp_path, name), forms))
    assert {path for path, _ in printed} == set(forms)
    assert [(path, value) for path, value in printed if not fits(value, forms[path])] == []
    if name == "get-reference":
        assert (tmp_path / "part.fa").read_bytes() == (desk.server.files / "reference.fa").read_bytes()


def documented() -> dict:
    """The installed examples of the operations in scope: options and member names by name and number."""
    found = {}
    for name in sorted({xform_name(operation).replace("_", "-") for operation in OPERATIONS} | {"wait"}):
        path = DOCUMENTS / f"{name}.rst"
        examples = re.split(r"(?m)^    aws omics ", path.read_text())[1:] if path.exists() else []
        for number, text in enumerate(examples, 1):
            command = re.match(r"(.*\\\s*\n)*.*", text)[0]
            options = {f"option {option}" for option in re.findall(r"--([a-z-]+)", command)}
            members = set(re.findall(r'"(\w+)":', text.partition("Output::")[2]))
            found[name if number == 1 else f"{name} {number}"] = options | members
    return found


def in_table(name: str) -> set:
    options = {f"option {option}" for option in re.findall(r"--([a-z-]+)", EXAMPLES[name][0])}
    return options | {part for path in parsed(EXAMPLES[name][1]) for part in path.replace("[]", "").split(".")}


def test_no_installed_example_and_nothing_of_one_is_missing_here():
    examples = documented()
    if not examples:
        pytest.skip("this distribution of the AWS command line brings no examples")
    assert set(examples) == set(EXAMPLES)
    assert {xform_name(operation).replace("_", "-") for operation in OPERATIONS} - set(examples) == NO_EXAMPLE
    for name, told in examples.items():
        less, more = told - in_table(name), in_table(name) - told
        assert {f"-{one}" for one in less} | {f"+{one}" for one in more} == OLDER.get(name, (set(), ""))[0], name
