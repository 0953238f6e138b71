"""What a user does with annotation stores: create them, import a file into them, read them.

In: a running server. Out: the answers of boto3, rows of SQL.
"""

import pyarrow as pa
import pyarrow.ipc
from server import ACCOUNT, BUCKET, ROLE, TERMINAL, wait_for

ARROW = "application/vnd.apache.arrow.stream"
FAST = {"Delay": 1, "MaxAttempts": 30}


def tsv_options(annotation_type: str, keys: str, schema: str) -> dict:
    """`tsvStoreOptions` from `CHR=chr POS=pos` and `chr:STRING pos:LONG`."""
    return {
        "annotationType": annotation_type,
        "formatToHeader": dict(pair.split("=") for pair in keys.split()),
        "schema": [dict([column.split(":")]) for column in schema.split()],
    }


def create(server, name: str, store_format: str, options: dict | None = None, **more) -> dict:
    """Creates an annotation store; `options` are `tsvStoreOptions`."""
    if options:
        more["storeOptions"] = {"tsvStoreOptions": options}
    return server.client().create_annotation_store(name=name, storeFormat=store_format, **more)


def start(server, store: str, source: str, read_options: dict | None = None, **more) -> str:
    """Starts the import of a file of the bucket; its job's id."""
    if read_options is not None:
        more["formatOptions"] = {"tsvOptions": {"readOptions": read_options}}
    items = [{"source": f"s3://{BUCKET}/{source}"}]
    return server.client().start_annotation_import_job(destinationName=store, roleArn=ROLE, items=items, **more)["jobId"]


def wait(server, job: str, timeout: float = 60.0) -> dict:
    client = server.client()

    def ended():
        answer = client.get_annotation_import_job(jobId=job)
        return answer if answer["status"] in TERMINAL else None

    return wait_for(ended, f"job {job} to end", timeout)


def load(server, store: str, source: str, data: str | bytes, read_options: dict | None = None, timeout=60.0, **more) -> dict:
    """Writes the file `source` and imports it; the ended job."""
    (server.files / source).write_bytes(data.encode() if isinstance(data, str) else data)
    return wait(server, start(server, store, source, read_options, **more), timeout)


def loaded(server, store: str, source: str, data: str | bytes, read_options: dict | None = None, **more) -> dict:
    """The same for a file that must be good."""
    job = load(server, store, source, data, read_options, **more)
    assert job["status"] == "COMPLETED", job
    return job


def namespace(server, store: str) -> str:
    """The database that HealthOmics gives the store's tables."""
    return f"annotation_{ACCOUNT}_{server.client().get_annotation_store(name=store)['id']}"


def rows(server, statement: str) -> list[dict]:
    """The rows of an answer with their types as Arrow has them: maps as dicts, NaN as it is."""
    table = pa.ipc.open_stream(server.sql(statement, ARROW)).read_all()
    found = table.to_pylist()
    for at in [i for i, field in enumerate(table.schema) if pa.types.is_map(field.type)]:
        name = table.schema[at].name
        for row in found:
            row[name] = None if row[name] is None else dict(row[name])
    return found


def columns(server, store: str) -> list[tuple[str, str]]:
    """Names and types of a table's columns, as `information_schema` has them."""
    question = f"SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = 'default' AND table_name = '{store}' ORDER BY ordinal_position"
    return [(row["column_name"], row["data_type"]) for row in server.sql(question)]


def count(server, store: str) -> int:
    return server.value(f'SELECT count(*) FROM "{store}"')
