// Reference stores and references: all eleven operations.

import assert from "node:assert/strict";
import {
  ConflictException, RangeNotSatisfiableException, paginateListReferenceImportJobs, paginateListReferences, paginateListReferenceStores,
  waitUntilReferenceImportJobCompleted,
} from "@aws-sdk/client-omics";
import { all, QUICK, ROLE } from "./client.mjs";

export async function importReference(omics, bucket) {
  const made = await omics.createReferenceStore({ name: "javascript references", tags: { team: "blue" }, clientToken: "once" });
  const again = await omics.createReferenceStore({ name: "javascript references", tags: { team: "blue" }, clientToken: "once" });
  assert.equal(again.id, made.id);
  const referenceStoreId = made.id;
  const told = await omics.getReferenceStore({ id: referenceStoreId });
  assert.deepEqual([told.name, told.creationTime], ["javascript references", made.creationTime]);
  const filter = { name: "javascript references", createdBefore: new Date("2100-01-01") };
  const stores = await all(paginateListReferenceStores({ client: omics, pageSize: 1 }, { filter }), "referenceStores");
  assert.deepEqual(stores.map((store) => store.id), [referenceStoreId]);

  const sources = [{ sourceFile: `s3://${bucket}/sdk.fa`, name: "small" }];
  const job = await omics.startReferenceImportJob({ referenceStoreId, roleArn: ROLE, sources });
  await waitUntilReferenceImportJobCompleted({ client: omics, ...QUICK }, { id: job.id, referenceStoreId });
  const done = await omics.getReferenceImportJob({ id: job.id, referenceStoreId });
  assert.ok(done.completionTime >= done.creationTime);
  assert.deepEqual(done.sources.map((source) => source.status), ["FINISHED"]);
  const jobs = await all(paginateListReferenceImportJobs({ client: omics }, { referenceStoreId }), "importJobs");
  assert.deepEqual(jobs.map((one) => one.id), [job.id]);
  const [reference] = await all(paginateListReferences({ client: omics }, { referenceStoreId, filter: { name: "small" } }), "references");
  await bytes(omics, { referenceStoreId, id: reference.id }, job.id);
  return { referenceStoreId, id: reference.id, arn: reference.arn };
}

async function bytes(omics, where, job) {
  const told = await omics.getReferenceMetadata(where);
  assert.deepEqual([told.status, told.creationType, told.creationJobId], ["ACTIVE", "IMPORT", job]);
  assert.ok(told.updateTime instanceof Date);
  const text = async (more) => (await omics.getReference({ ...where, partNumber: 1, ...more })).payload.transformToString();
  assert.equal((await text({})).length, told.files.source.contentLength);
  assert.equal(await text({ range: "bytes=1-4" }), "chr1");
  assert.match(await text({ file: "INDEX" }), /^chr1\t/);
  await assert.rejects(text({ range: "bytes=99999999-" }), RangeNotSatisfiableException);
}

export async function deleteReference(omics, { referenceStoreId, id }) {
  await assert.rejects(omics.deleteReferenceStore({ id: referenceStoreId }), ConflictException);
  await omics.deleteReference({ referenceStoreId, id });
  await omics.deleteReferenceStore({ id: referenceStoreId });
}
