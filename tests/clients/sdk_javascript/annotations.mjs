// Annotation stores, their versions and import jobs.

import assert from "node:assert/strict";
import {
  paginateListAnnotationImportJobs, paginateListAnnotationStores, paginateListAnnotationStoreVersions, waitUntilAnnotationImportJobCreated,
  waitUntilAnnotationStoreCreated, waitUntilAnnotationStoreDeleted, waitUntilAnnotationStoreVersionCreated,
  waitUntilAnnotationStoreVersionDeleted,
} from "@aws-sdk/client-omics";
import { all, ended, QUICK, ROLE } from "./client.mjs";

const name = "javascript_genes";
const table = "javascript_table";

export async function versions(omics, referenceArn) {
  const made = await omics.createAnnotationStore({ name, storeFormat: "GFF", reference: { referenceArn }, versionName: "first" });
  assert.deepEqual([made.versionName, made.status], ["first", "CREATING"]);
  await waitUntilAnnotationStoreCreated({ client: omics, ...QUICK }, { name });
  await omics.updateAnnotationStore({ name, description: "genes" });
  const second = { name, versionName: "second" };
  assert.equal((await omics.createAnnotationStoreVersion({ ...second, tags: { stage: "lab" } })).storeId, made.id);
  await waitUntilAnnotationStoreVersionCreated({ client: omics, ...QUICK }, second);
  await omics.updateAnnotationStoreVersion({ ...second, description: "newer" });
  const version = await omics.getAnnotationStoreVersion(second);
  assert.deepEqual([version.status, version.description, version.versionSizeBytes, version.tags], ["ACTIVE", "newer", 0, { stage: "lab" }]);
  const listed = await all(paginateListAnnotationStoreVersions({ client: omics, pageSize: 1 }, { name }), "annotationStoreVersions");
  assert.deepEqual(listed.map((one) => one.versionName), ["second", "first"]);
  const store = await omics.getAnnotationStore({ name });
  assert.deepEqual([store.numVersions, store.description, store.storeFormat], [2, "genes", "GFF"]);
  const { errors } = await omics.deleteAnnotationStoreVersions({ name, versions: ["second", "third"] });
  assert.deepEqual(errors.map((error) => error.versionName), ["third"]);
  await waitUntilAnnotationStoreVersionDeleted({ client: omics, ...QUICK }, second);
}

// A table of delimited text, made without a reference.
async function createTable(omics) {
  const tsvStoreOptions = {
    annotationType: "CHR_POS", formatToHeader: { CHR: "chr", POS: "pos" }, schema: [{ chr: "STRING" }, { pos: "LONG" }],
  };
  const made = await omics.createAnnotationStore({ name: table, storeFormat: "TSV", storeOptions: { tsvStoreOptions } });
  assert.deepEqual(made.storeOptions, { tsvStoreOptions });
  const shown = await omics.getAnnotationStore({ name: table });
  assert.deepEqual([shown.storeOptions, shown.reference], [{ tsvStoreOptions }, undefined]);
  const listed = await all(paginateListAnnotationStores({ client: omics }, { ids: [table] }), "annotationStores");
  assert.deepEqual(listed.map((store) => store.name), [table]);
}

export async function jobs(omics, bucket) {
  const items = [{ source: `s3://${bucket}/sdk.gff3` }];
  const { jobId } = await omics.startAnnotationImportJob({ destinationName: name, roleArn: ROLE, items });
  const job = await ended(() => omics.getAnnotationImportJob({ jobId }));
  assert.deepEqual([job.status, job.versionName, job.formatOptions], ["COMPLETED", "first", { vcfOptions: {} }]);
  await waitUntilAnnotationImportJobCreated({ client: omics, ...QUICK }, { jobId });
  await createTable(omics);
  const formatOptions = { tsvOptions: { readOptions: { header: false, sep: "\t" } } };
  const failing = await omics.startAnnotationImportJob({ destinationName: table, roleArn: ROLE, items, formatOptions });
  const failed = await ended(() => omics.getAnnotationImportJob(failing));
  assert.deepEqual([failed.status, failed.formatOptions], ["FAILED", formatOptions]);
  assert.ok(failed.statusMessage);
  const listed = await all(paginateListAnnotationImportJobs({ client: omics }, { filter: { storeName: name } }), "annotationImportJobs");
  assert.deepEqual(listed.map((one) => one.id), [jobId]);
}

export async function cancelAnnotations(held, bucket) {
  const items = [{ source: `s3://${bucket}/sdk.vcf` }];
  const { jobId } = await held.startAnnotationImportJob({ destinationName: "held_annotations", roleArn: ROLE, items });
  await held.cancelAnnotationImportJob({ jobId });
  assert.equal((await held.getAnnotationImportJob({ jobId })).status, "CANCELLED");
}

export async function deleteAnnotations(omics) {
  for (const store of [name, table]) {
    assert.equal((await omics.deleteAnnotationStore({ name: store })).status, "DELETING");
    await waitUntilAnnotationStoreDeleted({ client: omics, ...QUICK }, { name: store });
  }
}
