// The client as a user makes it, and small things that all steps need.

import { Omics } from "@aws-sdk/client-omics";

export const ROLE = "arn:aws:iam::000000000000:role/importer";
export const QUICK = { minDelay: 1, maxDelay: 1, maxWaitTime: 60 };

// Without `disableHostPrefix` the SDK calls `analytics-HOST`; it knows no variable for it. An absent `endpoint` is that of
// AWS_ENDPOINT_URL_OMICS.
export function client(endpoint) {
  const credentials = { accessKeyId: "any", secretAccessKey: "thing" };
  return new Omics({ endpoint, region: "us-east-1", credentials, disableHostPrefix: true });
}

export async function all(pages, member) {
  const found = [];
  for await (const page of pages) found.push(...page[member]);
  return found;
}

export async function ended(get) {
  for (;;) {
    const job = await get();
    if (!["SUBMITTED", "IN_PROGRESS"].includes(job.status)) return job;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
