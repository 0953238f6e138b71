//! The demo's questions in SQL, and what to do next.

use super::STORE;
use super::write::Region;
use std::path::Path;

/// A question and its statement.
pub(super) struct Question {
    pub(super) title: &'static str,
    pub(super) sql: String,
}

/// The three questions; `region` has a handful of variants.
pub(super) fn questions(region: &Region) -> [Question; 3] {
    let Region { contig, start, end } = region;
    [
        Question {
            title: "1. How many variants does each sample have?",
            sql: format!(
                "\
SELECT sampleid,
       count(*) AS variants,
       count(*) FILTER (WHERE calls[1] <> calls[2]) AS heterozygous,
       count(*) FILTER (WHERE calls[1] = calls[2]) AS homozygous
FROM {STORE}
WHERE calls[1] > 0 OR calls[2] > 0
GROUP BY sampleid
ORDER BY variants DESC, sampleid
LIMIT 5"
            ),
        },
        Question {
            title: "2. What is the ratio of transitions to transversions of each sample? (Real genomes: about 2.)",
            sql: format!(
                "\
WITH snv AS (
  SELECT sampleid, concat(referenceallele, alternatealleles[1]) IN ('AG', 'GA', 'CT', 'TC') AS transition
  FROM {STORE}
  WHERE (calls[1] > 0 OR calls[2] > 0)
    AND cardinality(alternatealleles) = 1
    AND length(referenceallele) = 1 AND length(alternatealleles[1]) = 1
)
SELECT sampleid,
       count(*) FILTER (WHERE transition) AS transitions,
       count(*) FILTER (WHERE NOT transition) AS transversions,
       round(count(*) FILTER (WHERE transition) * 1.0 / count(*) FILTER (WHERE NOT transition), 2) AS ratio
FROM snv
GROUP BY sampleid
ORDER BY sampleid
LIMIT 5"
            ),
        },
        Question {
            title: "3. How frequent are the alternate alleles of a region? (Counted from the genotypes.)",
            sql: format!(
                "\
SELECT contigname, start + 1 AS position, referenceallele AS ref, array_to_string(alternatealleles, ',') AS alt,
       count(*) AS alleles,
       count(*) FILTER (WHERE allele > 0) AS alternate,
       round(count(*) FILTER (WHERE allele > 0) * 1.0 / count(*), 4) AS frequency
FROM (
  SELECT contigname, start, referenceallele, alternatealleles, unnest(calls) AS allele
  FROM {STORE}
  WHERE contigname = '{contig}' AND start >= {start} AND start < {end}
) AS called
GROUP BY contigname, start, referenceallele, alternatealleles
ORDER BY position"
            ),
        },
    ]
}

/// The last words: with the data kept, how to serve them; else how to keep them, and how to begin with one's own.
pub(super) fn how_to_go_on(kept: Option<(&Path, &Path)>) -> String {
    let serve = match kept {
        Some((files, data)) => {
            format!("  varberg serve --data-dir '{}' --allow-files '{}'", data.display(), files.display())
        }
        None => "  varberg demo --keep ./demo      (the same, and keeps everything)\n  \
                 varberg serve --data-dir ./demo/data --allow-files ./demo/files"
            .to_owned(),
    };
    format!(
        "
How to go on
{serve}
  varberg query 'SELECT * FROM {STORE} LIMIT 5'
  varberg doctor
  eval \"$(varberg env)\"             (points boto3 and the AWS CLI here)
  aws omics list-variant-stores

The same in Python, after eval \"$(varberg env)\":
  import boto3
  omics = boto3.client(\"omics\")
  omics.get_variant_store(name=\"{STORE}\")[\"status\"]
  omics.start_variant_import_job(destinationName=\"{STORE}\", items=[{{\"source\": \"file:///data/mine.vcf.gz\"}}],
                                 roleArn=\"arn:aws:iam::000000000000:role/any\")

With your own files:  varberg serve --allow-files /data   then   varberg --help"
    )
}
