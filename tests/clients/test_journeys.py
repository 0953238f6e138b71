"""What the published samples of HealthOmics call, step by step, with boto3: the tutorial notebook, the end-to-end solution
with its CloudFormation handlers and Lambdas, and the variant interpreter agent.

The notebook is gone through as a whole, with RAM, Glue, Athena and awswrangler, but for IAM. Of the others, steps that belong to other
services are left out; instead of Athena's, the server's own SQL tells whether the rows are there.
"""

import datetime
import functools
import json
import re
import uuid

import awswrangler
import boto3
import pytest
from botocore.exceptions import ClientError
from journey_files import REFERENCE, SAMPLES, SITES, clinvar, dragen, matching
from server import ACCOUNT, BUCKET, ROLE, TERMINAL, run_aws, wait_for

VARIANTS = "omics-tutorials/data/variants"
CLINVAR = f"s3://{BUCKET}/clinvar/clinvar.vcf.gz"
FASTA = f"s3://{BUCKET}/references/hg38/Homo_sapiens_assembly38.fasta"
QUICK = {"Delay": 1, "MaxAttempts": 60}


@pytest.fixture
def site(make_server):
    """A server with the samples' files in its bucket, and nothing else."""
    running = make_server()
    files = {f"{VARIANTS}/{sample}.hard-filtered.vcf.gz": dragen(sample) for sample in SAMPLES}
    files |= {f"{VARIANTS}/{SAMPLES[0]}.hard-filtered.vcf.gz.tbi": b"", "clinvar/clinvar.vcf.gz": clinvar()}
    files |= {"annotated/HG00405.ann.vcf.gz": dragen("HG00405", annotated=True), "annotated/broken.ann.vcf.gz": b"no VCF"}
    files |= {"references/hg38/Homo_sapiens_assembly38.fasta": REFERENCE.encode()}
    for name, data in files.items():
        (running.files / name).parent.mkdir(parents=True, exist_ok=True)
        (running.files / name).write_bytes(data)
    return running


def polled(get, accepted=("COMPLETED",)):
    """Asks until a job has ended; how must be among `accepted`."""

    def ended():
        answer = get()
        return answer if answer["status"] in TERMINAL else None

    answer = wait_for(ended, "a job to end")
    assert answer["status"] in accepted, answer
    return answer


def hard_filtered(site) -> list[str]:
    """The notebook's listing of the bucket."""
    found = sorted((site.files / VARIANTS).glob("*.hard-filtered.vcf.gz"))
    return [f"s3://{BUCKET}/{VARIANTS}/{file.name}" for file in found]


def with_grch38(site) -> dict:
    """A reference store with GRCh38, which the samples but one take for granted; gives the reference."""
    client = site.client()
    store = client.create_reference_store(name="my-reference-store")["id"]
    sources = [{"sourceFile": FASTA, "name": "GRCh38"}]
    job = client.start_reference_import_job(referenceStoreId=store, roleArn=ROLE, sources=sources)["id"]
    client.get_waiter("reference_import_job_completed").wait(id=job, referenceStoreId=store, WaiterConfig=QUICK)
    return client.list_references(referenceStoreId=store)["references"][0]


def rows_by_sample(site, store: str) -> dict:
    return {row["sampleid"]: row["n"] for row in site.sql(f'SELECT sampleid, COUNT(*) AS n FROM "{store}" GROUP BY sampleid ORDER BY sampleid')}


# The tutorial notebook

#: CREATE TABLE AS (its default), a file in CSV, UNLOAD.
WRANGLER_MODES = [{}, {"ctas_approach": False}, {"ctas_approach": False, "unload_approach": True}]
RATIOS = """
    WITH counted AS (
        SELECT sampleid, referenceallele, alternatealleles,
               if(cardinality(calls) = 2 AND element_at(calls, 1) = element_at(calls, 2), 2, 1) AS copies
        FROM "default"."{table}"
        WHERE filters[1] = 'PASS'),
    alleles AS (
        SELECT sampleid, copies, concat(referenceallele, '>', alternateallele) AS change
        FROM counted CROSS JOIN UNNEST(alternatealleles) AS t(alternateallele)
        WHERE length(referenceallele) = 1 AND length(alternateallele) = 1)
    SELECT sampleid,
           CAST(sum(CASE WHEN change IN ('A>G', 'G>A', 'C>T', 'T>C') THEN copies ELSE 0 END) AS double)
           / sum(CASE WHEN change IN ('A>G', 'G>A', 'C>T', 'T>C') THEN 0 ELSE copies END) AS ti_tv
    FROM alleles GROUP BY sampleid ORDER BY sampleid"""
BENIGN = """
    SELECT concat('chr', contigname, ':', CAST(start AS varchar)) AS place, attributes['CLNSIG'] AS significance,
           attributes['GENEINFO'] AS gene, regexp_extract_all(attributes['CLNDISDB'], 'SNOMED_CT:\\d+') AS snomed
    FROM "default"."{table}"
    WHERE attributes['CLNSIG'] LIKE '%Benign%' AND length(referenceallele) = 1
      AND cardinality(alternatealleles) = 1 AND length(alternatealleles[1]) = 1"""


def ratios() -> dict:
    """Transitions over transversions of each sample, homozygous calls counted twice."""
    found = {}
    for index, sample in enumerate(SAMPLES):
        counts = [0, 0]
        for one in (one for one in SITES if one.filter == "PASS"):
            transition = f"{one.ref}{one.alt}" in ("AG", "GA", "CT", "TC")
            counts[not transition] += 2 if (one.number + index) % 2 else 1
        found[sample] = counts[0] / counts[1]
    return found


def service(site, name: str):
    keys = {"aws_access_key_id": "any", "aws_secret_access_key": "thing"}
    return boto3.client(name, endpoint_url=site.endpoint, region_name="us-east-1", **keys)


def link_to(site, store: dict, kind: str):
    """The resource link that the notebook makes: by RAM it finds whose database the store's is."""
    account = service(site, "sts").get_caller_identity()["Account"]
    ram = service(site, "ram")
    resources = ram.list_resources(resourceOwner="OTHER-ACCOUNTS", resourceType="glue:Database")["resources"]
    share = next(one["resourceShareArn"] for one in resources if store["id"] in one["arn"])
    (found,) = ram.get_resource_shares(resourceOwner="OTHER-ACCOUNTS", resourceShareArns=[share])["resourceShares"]
    target = {"CatalogId": found["owningAccountId"], "DatabaseName": f"{kind}_{account}_{store['id']}", "Name": store["name"]}
    service(site, "glue").create_table(DatabaseName="default", TableInput={"Name": store["name"], "TargetTable": target})


def usable_work_group(site) -> str:
    """One with version 3 of the engine; the notebook makes it where there is none."""
    athena = service(site, "athena")
    for group in athena.list_work_groups()["WorkGroups"]:
        if group["EngineVersion"]["EffectiveEngineVersion"] == "Athena engine version 3":
            return group["Name"]
    raise AssertionError("no work group")


def asked(site, sql: str, work_group: str, mode: dict):
    """The answer by awswrangler, which knows nothing of this server but its endpoints."""
    for name in ("athena", "s3", "glue", "sts"):
        setattr(awswrangler.config, f"{name}_endpoint_url", site.endpoint)
    session = boto3.Session(aws_access_key_id="any", aws_secret_access_key="thing", region_name="us-east-1")
    more = {"s3_output": f"s3://varberg-results/{ACCOUNT}/{uuid.uuid4()}/"} if mode.get("unload_approach") else {}
    try:
        return awswrangler.athena.read_sql_query(sql, database="default", workgroup=work_group, boto3_session=session, **mode, **more)
    finally:
        awswrangler.config.reset()


def test_the_tutorial_notebook(site):
    omics = site.client()
    with_grch38(site)
    reference_store = omics.list_reference_stores(maxResults=10)["referenceStores"][0]
    references = omics.list_references(referenceStoreId=reference_store["id"])["references"]
    reference = next(one for one in references if one["name"] == "GRCh38")
    name = f"tutorial_variants_{datetime.datetime.now().strftime('%Y%m%dT%H%M%S').lower()}"

    created = omics.create_variant_store(name=name, reference={"referenceArn": reference["arn"]})
    omics.get_waiter("variant_store_created").wait(name=created["name"])
    store = omics.get_variant_store(name=created["name"])
    assert (store["status"], store["id"], store["reference"]["referenceArn"]) == ("ACTIVE", created["id"], reference["arn"])

    sources = [{"source": uri} for uri in hard_filtered(site)]
    assert len(sources) == 3
    job = omics.start_variant_import_job(destinationName=name, roleArn=ROLE, items=sources)["jobId"]
    (listed,) = omics.list_variant_import_jobs(filter={"storeName": name})["variantImportJobs"]
    assert (listed["id"], listed["destinationName"], listed["roleArn"]) == (job, name, ROLE)
    omics.get_waiter("variant_import_job_created").wait(jobId=job, WaiterConfig=QUICK)
    ended = omics.get_variant_import_job(jobId=job)
    assert [(item["source"], item["jobStatus"]) for item in ended["items"]] == [(one["source"], "COMPLETED") for one in sources]
    assert rows_by_sample(site, name) == {sample: len(SITES) for sample in SAMPLES}
    database = f'"variant_{ACCOUNT}_{store["id"]}"'
    passed = site.value(f"SELECT COUNT(*) FROM {database}.\"{name}\" WHERE filters[1] = 'PASS'")
    assert passed == len(SAMPLES) * sum(one.filter == "PASS" for one in SITES)
    link_to(site, store, "variant")
    work_group = usable_work_group(site)
    for mode in WRANGLER_MODES:
        frame = asked(site, RATIOS.format(table=name), work_group, mode)
        assert dict(zip(frame["sampleid"], frame["ti_tv"], strict=True)) == pytest.approx(ratios()), mode

    annotations = name.replace("variants", "annotations")
    omics.create_annotation_store(name=annotations, reference={"referenceArn": reference["arn"]}, storeFormat="VCF")
    omics.get_waiter("annotation_store_created").wait(name=annotations)
    described = omics.get_annotation_store(name=annotations)
    assert (described["storeFormat"], described["status"], described["numVersions"]) == ("VCF", "ACTIVE", 1)
    job = omics.start_annotation_import_job(destinationName=annotations, roleArn=ROLE, items=[{"source": CLINVAR}])["jobId"]
    (listed,) = omics.list_annotation_import_jobs(filter={"storeName": annotations})["annotationImportJobs"]
    assert (listed["id"], listed["versionName"]) == (job, annotations)
    omics.get_waiter("annotation_import_job_created").wait(jobId=job, WaiterConfig=QUICK)
    assert omics.get_annotation_import_job(jobId=job)["status"] == "COMPLETED"
    assert site.value(f'SELECT COUNT(*) FROM "annotation_{ACCOUNT}_{described["id"]}"."{annotations}"') == len(SITES)
    link_to(site, described, "annotation")
    expected = sorted(f"{one.contig}:{one.position - 1}" for one in SITES if one.significance == "Benign" and one.number % 5 != 4)
    for mode in WRANGLER_MODES:
        frame = asked(site, BENIGN.format(table=annotations), work_group, mode)
        assert sorted(frame["place"]) == expected, mode
        assert {ids if isinstance(ids, str) else str(list(ids)) for ids in frame["snomed"]} == {"[]"}, mode


# The workshop: the AWS command line


JOINED = """SELECT v.sampleid, v.start, a.attributes AS clinvar, v.attributes AS carried FROM "{v}" v INNER JOIN "{a}" a
    ON v.contigname = CONCAT('chr', a.contigname) AND v.start = a.start AND v."end" = a."end"
    AND v.referenceallele = a.referenceallele AND v.alternatealleles = a.alternatealleles
    WHERE a.attributes['CLNSIG'] = '{significance}'"""


def test_the_workshop_on_the_command_line(site):
    aws = functools.partial(run_aws, site)
    store = aws("create-reference-store", "--name", "workshop-references", "--query", "id")
    sources = f"sourceFile={FASTA},name=GRCh38"
    where = ("--reference-store-id", store)
    job = aws("start-reference-import-job", *where, "--role-arn", ROLE, "--sources", sources, "--query", "id")
    polled(lambda: aws("get-reference-import-job", *where, "--id", job))
    reference = aws("list-references", *where, "--query", "references[?name=='GRCh38'].id | [0]")
    arn = aws("get-reference-metadata", *where, "--id", reference, "--query", "arn")
    assert arn.endswith(f"referenceStore/{store}/reference/{reference}")

    aws("create-variant-store", "--name", "workshop_variants", "--reference", f"referenceArn={arn}")
    assert aws("get-variant-store", "--name", "workshop_variants", "--query", "status") == "ACTIVE"
    items = json.dumps([{"source": uri} for uri in hard_filtered(site)])
    started = aws("start-variant-import-job", "--destination-name", "workshop_variants", "--role-arn", ROLE, "--items", items)
    polled(lambda: aws("get-variant-import-job", "--job-id", started["jobId"]))

    create = ("create-annotation-store", "--name", "workshop_clinvar", "--store-format", "VCF", "--reference", f"referenceArn={arn}")
    assert aws(*create)["storeFormat"] == "VCF"
    items = json.dumps([{"source": CLINVAR}])
    started = aws("start-annotation-import-job", "--destination-name", "workshop_clinvar", "--role-arn", ROLE, "--items", items)
    polled(lambda: aws("get-annotation-import-job", "--job-id", started["jobId"]))
    found = site.sql(JOINED.format(v="workshop_variants", a="workshop_clinvar", significance="Likely_pathogenic"))
    expected = sorted((sample, one.position - 1, one.gene) for sample in SAMPLES for one in matching("Likely_pathogenic"))
    assert sorted((row["sampleid"], row["start"], row["clinvar"]["GENEINFO"].split(":")[0]) for row in found) == expected


# The end-to-end solution


def created_by_cloudformation(omics, kind: str, **members) -> dict:
    """The create handler: Create, Get until ACTIVE, and what Ref and GetAtt then give."""
    getattr(omics, f"create_{kind}_store")(**members)
    get = functools.partial(getattr(omics, f"get_{kind}_store"), name=members["name"])
    wait_for(lambda: get()["status"] == "ACTIVE", f"{members['name']} to be ACTIVE")
    read = get()
    assert re.fullmatch("[a-f0-9]{12}", read["id"]) and read["storeArn"].endswith(f":{kind}Store/{members['name']}")
    assert {"creationTime", "id", "status", "statusMessage", "storeArn", "storeSizeBytes", "updateTime", "name", "reference", "tags"} <= set(read)
    return read


def updated_by_cloudformation(omics, kind: str, read: dict):
    """The update handler: Update, Get, tags put and taken by the store's ARN."""
    getattr(omics, f"update_{kind}_store")(name=read["name"], description="from a template")
    omics.tag_resource(resourceArn=read["storeArn"], tags={"stack": "genomics"})
    omics.untag_resource(resourceArn=read["storeArn"], tagKeys=["old"])
    now = getattr(omics, f"get_{kind}_store")(name=read["name"])
    assert (now["description"], now["tags"], now["id"]) == ("from a template", {"stack": "genomics"}, read["id"])


def deleted_by_cloudformation(omics, kind: str, name: str):
    """The delete handler: Delete, List those DELETING until the name is gone; a second one finds nothing."""
    getattr(omics, f"delete_{kind}_store")(name=name)
    listing = functools.partial(getattr(omics, f"list_{kind}_stores"), filter={"status": "DELETING"})
    wait_for(lambda: name not in [store["name"] for store in listing()[f"{kind}Stores"]], f"{name} to be deleted")
    with pytest.raises(omics.exceptions.ResourceNotFoundException):
        getattr(omics, f"delete_{kind}_store")(name=name)


def step_functions_status(omics, job: str) -> str:
    """The Lambda that the state machine asks: anything but a whole success is FAILED."""
    status = omics.get_variant_import_job(jobId=job)["status"]
    return "FAILED" if status in ("CANCELLED", "COMPLETED_WITH_FAILURES") else status


def test_the_end_to_end_solution(site):
    omics = site.client()
    references = created_references(omics)
    members = dict(reference={"referenceArn": references["arn"]}, tags={"old": "1"})
    variants = created_by_cloudformation(omics, "variant", name="omicsvariantstore", description="variants", **members)
    annotations = created_by_cloudformation(omics, "annotation", name="omicsannotationstore", storeFormat="VCF", **members)
    updated_by_cloudformation(omics, "variant", variants)
    updated_by_cloudformation(omics, "annotation", annotations)

    started = omics.start_annotation_import_job(destinationName="omicsannotationstore", roleArn=ROLE, items=[{"source": CLINVAR}])
    polled(lambda: omics.get_annotation_import_job(jobId=started["jobId"]))
    for sources, end in ((hard_filtered(site), "COMPLETED"), ([*hard_filtered(site)[:1], f"s3://{BUCKET}/annotated/broken.ann.vcf.gz"], "FAILED")):
        items = [{"source": source} for source in sources]
        job = omics.start_variant_import_job(destinationName="omicsvariantstore", roleArn=ROLE, items=items)["jobId"]
        status = functools.partial(step_functions_status, omics, job)
        wait_for(lambda: status() in ("COMPLETED", "FAILED"), "the state machine to leave its loop")
        assert status() == end, omics.get_variant_import_job(jobId=job)
    assert rows_by_sample(site, "omicsvariantstore") == {SAMPLES[0]: 2 * len(SITES), SAMPLES[1]: len(SITES), SAMPLES[2]: len(SITES)}
    deleted_by_cloudformation(omics, "annotation", "omicsannotationstore")
    deleted_by_cloudformation(omics, "variant", "omicsvariantstore")


def created_references(omics) -> dict:
    """The Lambdas that import a reference, once the reference store is there; gives the reference by its name."""
    store = omics.create_reference_store(name="omics-cfn-references")
    assert omics.get_reference_store(id=store["id"])["arn"] == store["arn"]
    sources = [{"sourceFile": FASTA, "name": "hg38"}]
    job = omics.start_reference_import_job(referenceStoreId=store["id"], roleArn=ROLE, sources=sources)["id"]
    polled(lambda: omics.get_reference_import_job(id=job, referenceStoreId=store["id"]))
    (reference,) = omics.list_references(referenceStoreId=store["id"], filter={"name": "hg38"})["references"]
    assert omics.list_references(referenceStoreId=store["id"], filter={"name": "hg19"})["references"] == []
    return reference


# The variant interpreter agent


def found_or_created(omics, kind: str, name: str, **members) -> dict:
    """The setup notebook: the store of this name among all there are, else a new one."""
    stores = getattr(omics, f"list_{kind}_stores")()[f"{kind}Stores"]
    found = next((store for store in stores if store["name"] == name), None)
    return found or getattr(omics, f"create_{kind}_store")(name=name, description=f"{kind}s of patients", **members)


def on_upload(omics, bucket: str, key: str) -> dict:
    """The Lambda for each `*.ann.vcf.gz` that arrives."""
    try:
        store = omics.get_variant_store(name="genomicsvariantstore")
        assert store["reference"]["referenceArn"]
        return omics.start_variant_import_job(
            destinationName="genomicsvariantstore", roleArn=ROLE, items=[{"source": f"s3://{bucket}/{key}"}],
            runLeftNormalization=True, annotationFields={"VEP": "CSQ"},
        )  # fmt: skip
    except ClientError as error:
        return {"error": str(error), "stores": [store["name"] for store in omics.list_variant_stores().get("variantStores", [])]}


def as_the_agent_tells_it(store: dict) -> dict:
    """The agent's tool: what it reads of a store, and its defaults."""
    told = {name: store.get(name, "N/A") for name in ("id", "status", "description", "statusMessage", "storeFormat")}
    told |= {name: store.get(name, {}) for name in ("reference", "sseConfig", "storeOptions", "tags")}
    return told | {"size": store.get("storeSizeBytes", 0), "created": store["creationTime"].isoformat()}


def test_the_variant_interpreter_agent(site):
    omics = site.client()
    reference = {"referenceArn": with_grch38(site)["arn"]}
    lost = on_upload(omics, BUCKET, "annotated/HG00405.ann.vcf.gz")
    assert "ResourceNotFoundException" in lost["error"] and lost["stores"] == []
    made = found_or_created(omics, "variant", "genomicsvariantstore", reference=reference)
    assert found_or_created(omics, "variant", "genomicsvariantstore", reference=reference)["id"] == made["id"]
    made = found_or_created(omics, "annotation", "genomicsannotationstore", reference=reference, storeFormat="VCF")
    assert found_or_created(omics, "annotation", "genomicsannotationstore", reference=reference, storeFormat="VCF")["id"] == made["id"]
    job = omics.start_annotation_import_job(destinationName="genomicsannotationstore", roleArn=ROLE, items=[{"source": CLINVAR}])["jobId"]
    polled(lambda: omics.get_annotation_import_job(jobId=job))
    (listed,) = omics.list_annotation_import_jobs(filter={"storeName": "genomicsannotationstore", "status": "COMPLETED"})["annotationImportJobs"]
    assert listed["id"] == job

    good = on_upload(omics, BUCKET, "annotated/HG00405.ann.vcf.gz")["jobId"]
    bad = on_upload(omics, BUCKET, "annotated/broken.ann.vcf.gz")["jobId"]
    done = polled(lambda: omics.get_variant_import_job(jobId=good))
    assert (done["runLeftNormalization"], done["annotationFields"]) == (True, {"VEP": "CSQ"})
    polled(lambda: omics.get_variant_import_job(jobId=bad), accepted=("FAILED",))
    jobs = omics.list_variant_import_jobs(filter={"storeName": "genomicsvariantstore"})["variantImportJobs"]
    assert [(one["id"], one["status"]) for one in jobs] == [(bad, "FAILED"), (good, "COMPLETED")]

    told = as_the_agent_tells_it(omics.get_variant_store(name="genomicsvariantstore"))
    assert told["size"] > 0 and told["storeFormat"] == "N/A" and told["storeOptions"] == {} and told["reference"] == reference
    assert json.loads(json.dumps(as_the_agent_tells_it(omics.get_annotation_store(name="genomicsannotationstore"))))["storeFormat"] == "VCF"
    assert rows_by_sample(site, "genomicsvariantstore") == {"HG00405": len(SITES)}
    genes = "SELECT start, annotations['vep'][1]['symbol'] AS gene FROM genomicsvariantstore"
    assert sorted((row["start"], row["gene"]) for row in site.sql(genes)) == sorted((one.position - 1, one.gene) for one in SITES)
