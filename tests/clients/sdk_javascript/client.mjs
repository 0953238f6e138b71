// The client as a user makes it, and small things that all steps need.

import { Omics } from "@aws-sdk/client-omics";

export const ROLE = "arn:aws:iam::000000000000:role/importer";
export const QUICK = { minDelay: 1, maxDelay: 1, maxWaitTime: 60 };

// Without `disableHostPrefix` the SDK calls `analytics-HOST`; it knows no variable for it. What is not given is taken from the
// variables that all SDKs know: AWS_ENDPOINT_URL_OMICS and the like.
export function client(endpoint, accessKeyId, secretAccessKey) {
  const given = endpoint && { endpoint, credentials: { accessKeyId, secretAccessKey } };
  return new Omics({ ...given, disableHostPrefix: true });
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
