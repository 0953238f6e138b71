// Variant stores, their import jobs, tags, shares and errors.

import assert from "node:assert/strict";
import {
  ConflictException, OmicsServiceException, paginateListShares, paginateListVariantImportJobs, paginateListVariantStores,
  ResourceNotFoundException, ValidationException, waitUntilVariantImportJobCreated, waitUntilVariantStoreCreated, waitUntilVariantStoreDeleted,
} from "@aws-sdk/client-omics";
import { all, ended, QUICK, ROLE } from "./client.mjs";

const name = "javascript_variants";

export async function importVariants(omics, bucket, referenceArn) {
  const reference = { referenceArn };
  const made = await omics.createVariantStore({ name, reference, tags: { team: "blue" } });
  assert.deepEqual([made.status, made.reference], ["CREATING", reference]);
  await waitUntilVariantStoreCreated({ client: omics, ...QUICK }, { name });
  assert.equal((await omics.updateVariantStore({ name, description: "from JavaScript" })).description, "from JavaScript");
  const store = await omics.getVariantStore({ name });
  assert.deepEqual(
    [store.id, store.status, store.description, store.storeSizeBytes, store.statusMessage, store.sseConfig.type, store.tags],
    [made.id, "ACTIVE", "from JavaScript", 0, "", "KMS", { team: "blue" }],
  );
  assert.deepEqual(store.creationTime, made.creationTime);
  assert.ok(store.updateTime >= store.creationTime);
  await tags(omics, store.storeArn);
  const stores = await all(paginateListVariantStores({ client: omics, pageSize: 1 }, { ids: [store.id] }), "variantStores");
  assert.deepEqual(stores.map((one) => one.name), [name]);

  const start = async (file) => (await omics.startVariantImportJob({ destinationName: name, roleArn: ROLE, items: [{ source: `s3://${bucket}/${file}` }] })).jobId;
  const first = await start("sdk.vcf");
  const job = await ended(() => omics.getVariantImportJob({ jobId: first }));
  assert.deepEqual([job.status, job.runLeftNormalization, job.annotationFields], ["COMPLETED", false, { VEP: "CSQ" }]);
  assert.ok(job.completionTime >= job.creationTime);
  await waitUntilVariantImportJobCreated({ client: omics, ...QUICK }, { jobId: first });
  const second = await start("absent.vcf");
  const failed = await ended(() => omics.getVariantImportJob({ jobId: second }));
  assert.deepEqual([failed.status, failed.items[0].jobStatus], ["FAILED", "FAILED"]);
  assert.ok(failed.items[0].statusMessage);
  const jobs = await all(paginateListVariantImportJobs({ client: omics, pageSize: 1 }, { filter: { storeName: name } }), "variantImportJobs");
  assert.deepEqual(jobs.map((one) => one.id), [second, first]);
}

async function tags(omics, resourceArn) {
  await omics.tagResource({ resourceArn, tags: { "ü/:": "a b" } });
  await omics.untagResource({ resourceArn, tagKeys: ["team", "absent"] });
  assert.deepEqual((await omics.listTagsForResource({ resourceArn })).tags, { "ü/:": "a b" });
}

export async function cancelVariants(held, bucket) {
  const items = [{ source: `s3://${bucket}/sdk.vcf` }];
  const { jobId } = await held.startVariantImportJob({ destinationName: "held_variants", roleArn: ROLE, items });
  await held.cancelVariantImportJob({ jobId });
  assert.equal((await held.getVariantImportJob({ jobId })).status, "CANCELLED");
}

export async function share(omics, subscriber) {
  const { storeArn } = await omics.getVariantStore({ name });
  const made = await omics.createShare({ resourceArn: storeArn, principalSubscriber: "111122223333", shareName: "javascript-share" });
  assert.equal(made.status, "PENDING");
  const offered = await all(paginateListShares({ client: subscriber }, { resourceOwner: "OTHER" }), "shares");
  assert.ok(offered.some((one) => one.shareId === made.shareId));
  assert.equal((await subscriber.acceptShare({ shareId: made.shareId })).status, "ACTIVATING");
  const shown = (await omics.getShare({ shareId: made.shareId })).share;
  assert.deepEqual([shown.status, shown.resourceArn, shown.shareName], ["ACTIVE", storeArn, "javascript-share"]);
  assert.ok(shown.creationTime instanceof Date);
  assert.equal((await omics.deleteShare({ shareId: made.shareId })).status, "DELETING");
}

export async function errors(omics) {
  const missing = await omics.getVariantStore({ name: "no_such_store" }).catch((error) => error);
  assert.ok(missing instanceof ResourceNotFoundException && missing instanceof OmicsServiceException);
  assert.match(missing.message, /no_such_store/);
  assert.deepEqual([missing.name, missing.$fault, missing.$metadata.httpStatusCode], ["ResourceNotFoundException", "client", 404]);
  assert.ok(missing.$metadata.requestId);
  await assert.rejects(omics.listVariantStores({ maxResults: 101 }), ValidationException);
  await assert.rejects(omics.createAnnotationStore({ name: "javascript_genes", storeFormat: "GFF" }), ConflictException);
  await assert.rejects(omics.listWorkflows({}), { name: "NotSupportedOperationException" });
}

export async function deleteVariants(omics) {
  assert.equal((await omics.deleteVariantStore({ name, force: true })).status, "DELETING");
  await waitUntilVariantStoreDeleted({ client: omics, ...QUICK }, { name });
}
