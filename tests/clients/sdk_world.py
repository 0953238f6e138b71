"""What the journeys of the SDKs go through: servers that verify every signature.

In: a directory. Out: `SdkWorld` with the arguments that both journeys take.
"""

import pathlib

from credentials import client, create
from server import BUCKET, ROLE, Server, reference_arn, wait_for
from vcf_files import fasta, vcf

SUBSCRIBER = "111122223333"
GENES = "##gff-version 3\nchr1\tx\tgene\t51\t150\t.\t+\t.\tID=g1;Name=First\nchr1\tx\tgene\t501\t560\t.\t-\t.\tID=g2;Name=Second\n"


MAY_READ = f'[roles."{ROLE}"]\nsources = ["s3://{BUCKET}/"]\n'


class Signed(Server):
    """A server with one user, an administrator of its account, and a role that may read the bucket."""

    def __init__(self, data_dir, files, config="", **options):
        self.key = create(data_dir, "owner")
        super().__init__(data_dir, files, config=config + MAY_READ, **options)

    def client(self, **more):
        return client(self, self.key, **more)


class SdkWorld:
    """A server with users of two accounts, and one whose imports stand still, so that they can be cancelled."""

    def __init__(self, base: pathlib.Path):
        hold = base / "hold"
        self.subscriber = create(base / "data", "subscriber", account=SUBSCRIBER)
        self.server = Signed(base / "data", base / "files")
        self.held = Signed(base / "held", base / "files", hold=f"claimed:{hold}", config="max_jobs = 1\n")
        (base / "files" / "sdk.fa").write_text(fasta())
        (base / "files" / "sdk.vcf").write_text(vcf(10))
        (base / "files" / "sdk.gff3").write_text(GENES)
        omics = self.held.client()
        omics.create_variant_store(name="held_variants", reference={"referenceArn": reference_arn(self.held, "sdk.fa", None)})
        omics.create_annotation_store(name="held_annotations", storeFormat="VCF")
        omics.start_variant_import_job(destinationName="held_variants", roleArn=ROLE, items=[{"source": f"s3://{BUCKET}/sdk.vcf"}])
        wait_for(hold.exists, "the worker to stand still: whatever is started after it waits")

    def arguments(self) -> list[str]:
        """Address, access key and secret of the owner, of the subscriber of a share, and where imports stand still; the bucket."""
        callers = [(self.server, self.server.key), (self.server, self.subscriber), (self.held, self.held.key)]
        return [text for server, key in callers for text in (server.endpoint, key["accessKeyId"], key["secretAccessKey"])] + [BUCKET]

    def stop(self):
        self.server.kill()
        self.held.kill()
