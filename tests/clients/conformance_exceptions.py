"""Requests about which the specification decides otherwise than the service model, each with its reason.

In: an operation and a changed member. Out: whether the request is legal, and the reason if that is an exception.
"""

import re

REFERENCE_ARN = re.compile(r"arn:aws:omics:us-east-1:\d{12}:referenceStore/\d+/reference/\d+")
RANGE = re.compile(r" ?bytes=\d+-\d* ?")


def is_text(variant) -> bool:
    return isinstance(variant.new, str)


def is_gone(variant) -> bool:
    return variant.what in ("absent", "null")


# Operation, member, which of its values that the model allows, and why they are refused.
REFUSED = [
    (r"Create(Variant|Annotation)Store", "name", is_gone, "a store without a name is refused (spec 3.11)"),
    (
        r"Create(Variant|Annotation)Store",
        "referenceArn",
        lambda v: is_text(v) and not REFERENCE_ARN.fullmatch(v.new),
        "a store's reference is one of this account and region (spec 5.3)",
    ),
    (r"CreateAnnotationStore", "storeOptions", is_gone, "a TSV store needs its options (spec 5.3)"),
    (r"CreateAnnotationStore", "storeFormat", lambda v: v.new == "TSV", "a TSV store needs its options (spec 5.3)"),
    (r"CreateAnnotationStore", "schema", is_gone, "a TSV store needs its columns (spec 12.3)"),
    (
        r"CreateAnnotationStore(Version)?",
        "formatToHeader",
        lambda v: is_text(v) and v.new not in ("CHR", "chr"),
        "formatToHeader has the keys of its type, each with a column of the schema (spec 12.3)",
    ),
    (r"CreateAnnotationStore", "formatToHeader", is_gone, "formatToHeader has the keys of its type (spec 12.3)"),
    (
        r"CreateAnnotationStoreVersion",
        "(versionN|n)ame",
        lambda v: v.new == 255 * "a",
        "STORE_VERSION, the version's table, has a name of 255 characters at most (docs/annotations.md)",
    ),
    (r"List.*", "nextToken", is_text, "a token is one that the listing gave (facts 5.2)"),
    (
        r"StartAnnotationImportJob",
        "encoding",
        lambda v: is_text(v) and v.new != "UTF-8",
        "an encoding that is not known (docs/differences.md)",
    ),
    (
        r"StartAnnotationImportJob",
        "lineSep",
        lambda v: is_text(v) and len(v.new) > 2,
        "a line ends with one or two characters (spec 12.3)",
    ),
    (
        r"GetReference",
        "range",
        lambda v: is_text(v) and not RANGE.fullmatch(v.new),
        "a range is written as in HTTP; the model's pattern knows no letters and no `=`",
    ),
    (
        r"Create.*Store",
        "keyArn",
        lambda v: is_text(v) and "\n" in v.new,
        "no ARN has a line end, which the model's pattern allows in its last part alone",
    ),
    (r"GetReference", "partNumber", lambda v: v.new == 10000, "the file has no such part"),
]

# Operation, member, which of its values that the model does not allow, and why they are accepted.
ACCEPTED = [
    (
        r"TagResource|UntagResource|ListTagsForResource",
        "resourceArn",
        lambda v: isinstance(v.new, str) and v.new.startswith("arn:") and len(v.new) > 150,
        "the cap of 150 characters would keep stores with long names from being tagged (spec 3.11)",
    ),
    (r"UntagResource", "tagKeys", is_gone, "no keys is an empty list, which is legal and travels as no parameter at all"),
    (
        r"GetReference",
        "range",
        lambda v: is_text(v) and RANGE.fullmatch(v.new),
        "a range is written as in HTTP; the model's pattern knows no letters and no `=`",
    ),
]


def decided(operation: str, variant) -> tuple[bool, str | None]:
    """Whether a value is legal: as the model says, unless the specification decides otherwise; and then its reason."""
    for rules, inside in ((REFUSED, False), (ACCEPTED, True)):
        for operations, member, applies, reason in rules:
            concerns = re.fullmatch(operations, operation) and re.fullmatch(member, variant.member)
            if concerns and variant.inside != inside and applies(variant):
                return inside, reason
    return variant.inside, None
