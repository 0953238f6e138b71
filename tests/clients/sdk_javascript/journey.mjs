// A journey through the whole API with the AWS SDK for JavaScript.
//
// In: the address of a server in AWS_ENDPOINT_URL_OMICS; as arguments that of a second one on the same data for another account
// (the subscriber of a share), that of a third whose imports stand still, and the bucket with the files `sdk.fa`, `sdk.vcf`,
// `sdk.gff3`. Out: an exit code; the first thing that is not as it must be is thrown.

import { cancelAnnotations, deleteAnnotations, jobs, versions } from "./annotations.mjs";
import { client } from "./client.mjs";
import { deleteReference, importReference } from "./references.mjs";
import { cancelVariants, deleteVariants, errors, importVariants, share } from "./variants.mjs";

const [subscriber, held, bucket] = process.argv.slice(2);
const omics = client();
const reference = await importReference(omics, bucket);
await importVariants(omics, bucket, reference.arn);
await cancelVariants(client(held), bucket);
await share(omics, client(subscriber));
await versions(omics, reference.arn);
await jobs(omics, bucket);
await cancelAnnotations(client(held), bucket);
await errors(omics);
await deleteVariants(omics);
await deleteAnnotations(omics);
await deleteReference(omics, reference);
