// A journey through the whole API with the AWS SDK for JavaScript.
//
// In: a server and a caller in the AWS variables; as arguments address, access key and secret of a caller of another account (the
// subscriber of a share), the same of a server whose imports stand still, and the bucket with the files `sdk.fa`, `sdk.vcf`,
// `sdk.gff3`. Out: an exit code; the first thing that is not as it must be is thrown.

import { cancelAnnotations, deleteAnnotations, jobs, versions } from "./annotations.mjs";
import { client } from "./client.mjs";
import { deleteReference, importReference } from "./references.mjs";
import { cancelVariants, deleteVariants, errors, importVariants, share } from "./variants.mjs";

const given = process.argv.slice(2);
const omics = client();
const subscriber = client(...given.slice(0, 3));
const held = client(...given.slice(3, 6));
const bucket = given[6];

const reference = await importReference(omics, bucket);
await importVariants(omics, bucket, reference.arn);
await cancelVariants(held, bucket);
await share(omics, subscriber);
await versions(omics, reference.arn);
await jobs(omics, bucket);
await cancelAnnotations(held, bucket);
await errors(omics);
await deleteVariants(omics);
await deleteAnnotations(omics);
await deleteReference(omics, reference);
