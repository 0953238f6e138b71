"""What the tests of compaction, expiry and undo share: stores of many single-sample imports, tasks, rows by other readers."""

import requests
from server import create_store, import_files, metadata_location, reference_arn, wait_for
from vcf_files import vcf

TASK_ENDED = {"COMPLETED", "FAILED", "CANCELLED"}
ALL = 'contigname, start, "end", referenceallele, alternatealleles, attributes, calls, depth, sampleid, importjobid'


def single_samples(running, store, samples, records=60, create=True) -> list[str]:
    """Imports a file of one sample and two contigs for each of `samples`; the ids of the jobs."""
    if create:
        create_store(running, store, reference_arn(running))
    jobs = []
    for sample in samples:
        text = vcf(records, samples=(sample,)) + "".join(
            line + "\n" for line in vcf(records // 2, samples=(sample,), contig="chr2").splitlines() if not line.startswith("#")
        )
        (running.files / f"{sample}.vcf").write_text(text)
        answer = import_files(running, store, f"{sample}.vcf")
        assert answer["status"] == "COMPLETED", answer
        jobs.append(answer["id"])
    return jobs


def begin(running, path, body=None) -> str:
    answer = requests.post(f"{running.endpoint}/varberg/{path}", json=body or {}, timeout=60)
    assert answer.status_code == 200, answer.text
    return answer.json()["taskId"]


def wait_for_task(running, task, timeout=90.0) -> dict:
    def ended():
        answer = requests.get(f"{running.endpoint}/varberg/tasks/{task}", timeout=60).json()
        return answer if answer["status"] in TASK_ENDED else None

    return wait_for(ended, f"task {task} to end", timeout)


def compact(running, store, **options) -> dict:
    return wait_for_task(running, begin(running, f"tables/{store}/compact"), **options)


def expire(running, store, keep=1, before="2999-01-01T00:00:00Z") -> dict:
    return wait_for_task(running, begin(running, f"tables/{store}/expire", {"before": before, "keep": keep}))


def undo(running, job) -> dict:
    return wait_for_task(running, begin(running, f"jobs/{job}/undo"))


def rows(running, store, where="TRUE") -> list[dict]:
    """All rows by all columns of the contract, in an order."""
    return running.sql(f'SELECT {ALL} FROM "default"."{store}" WHERE {where} ORDER BY contigname, start, sampleid, importjobid')


def files(running, store) -> int:
    return running.value(f'SELECT count(*) FROM "default"."{store}$files"')


def check_foreign_readers(running, store):
    """PyIceberg and DuckDB count and sum what our SQL does."""
    import duckdb
    import pyarrow.compute as pc
    from duckdb_extensions import import_extension
    from pyiceberg.table import StaticTable

    ours = running.sql(f'SELECT count(*) AS n, sum(start) AS starts, sum(depth) AS depths FROM "default"."{store}"')[0]
    location = metadata_location(running.data_dir, store)
    table = StaticTable.from_metadata(location).scan().to_arrow()
    assert (table.num_rows, pc.sum(table["start"]).as_py(), pc.sum(table["depth"]).as_py()) == tuple(ours.values())
    database = duckdb.connect()
    for extension in ("avro", "iceberg"):
        import_extension(extension)
        database.execute(f"LOAD {extension}")
    path = location.removeprefix("file://")
    assert tuple(database.execute(f"SELECT count(*), sum(start), sum(depth) FROM iceberg_scan('{path}')").fetchone()) == tuple(ours.values())
