//! Members of requests, answers and nested shapes (spec 3.1 to 3.9), in short: `name!: Type`, `!` for those that are required in a
//! request or always there in an answer; `@path`, `@query`, `@header` where they travel otherwise than in the body; `[T]` lists,
//! `{T}` maps of texts to T.

/// Operation, request, answer.
pub(super) const OPERATIONS: &[(&str, &str, &str)] = &[
    (
        "CreateVariantStore",
        "reference!: ReferenceItem; name!: StoreName; description: Description; tags: Tags; sseConfig: SseConfig",
        "id!: Id; reference: ReferenceItem; status!: StoreStatus; name!: string; creationTime!: time",
    ),
    (
        "GetVariantStore",
        "name!: string @path",
        "id!: Id; reference!: ReferenceItem; status!: StoreStatus; storeArn!: Arn; name!: string; description!: Description; \
         sseConfig!: SseConfig; creationTime!: time; updateTime!: time; tags!: Tags; statusMessage!: string; storeSizeBytes!: long",
    ),
    (
        "UpdateVariantStore",
        "name!: string @path; description: Description",
        "id!: Id; reference!: ReferenceItem; status!: StoreStatus; name!: string; description!: Description; creationTime!: time; \
         updateTime!: time",
    ),
    ("DeleteVariantStore", "name!: string @path; force: boolean @query", "status!: StoreStatus"),
    (
        "ListVariantStores",
        "maxResults: PageSize @query; nextToken: string @query; ids: [string]; filter: StoreFilter",
        "variantStores: [VariantStoreItem]; nextToken: string",
    ),
    (
        "StartVariantImportJob",
        "destinationName!: StoreName; roleArn!: Arn; items!: [ImportItemSource]; runLeftNormalization: boolean; \
         annotationFields: AnnotationFields",
        "jobId!: Uuid",
    ),
    (
        "GetVariantImportJob",
        "jobId!: Uuid @path",
        "id!: Uuid; destinationName!: StoreName; roleArn!: Arn; status!: JobStatus; statusMessage!: string; creationTime!: time; \
         updateTime!: time; completionTime: time; items!: [VariantImportItemDetail]; runLeftNormalization!: boolean; \
         annotationFields: AnnotationFields",
    ),
    ("CancelVariantImportJob", "jobId!: Uuid @path", ""),
    (
        "ListVariantImportJobs",
        "maxResults: PageSize @query; nextToken: string @query; ids: [string]; filter: JobFilter",
        "variantImportJobs: [VariantImportJobItem]; nextToken: string",
    ),
    (
        "CreateAnnotationStore",
        "reference: ReferenceItem; name!: StoreName; description: Description; tags: Tags; versionName: StoreName; \
         sseConfig: SseConfig; storeFormat!: StoreFormat; storeOptions: StoreOptions",
        "id!: Id; reference: ReferenceItem; storeFormat: StoreFormat; storeOptions: StoreOptions; status!: StoreStatus; \
         name!: string; versionName!: StoreName; creationTime!: time",
    ),
    (
        "GetAnnotationStore",
        "name!: string @path",
        "id!: Id; reference: ReferenceItem; status!: StoreStatus; storeArn!: Arn; name!: string; description!: Description; \
         sseConfig!: SseConfig; creationTime!: time; updateTime!: time; tags!: Tags; storeOptions: StoreOptions; \
         storeFormat: StoreFormat; statusMessage!: string; storeSizeBytes!: long; numVersions!: integer",
    ),
    (
        "UpdateAnnotationStore",
        "name!: string @path; description: Description",
        "id!: Id; reference: ReferenceItem; status!: StoreStatus; name!: string; description!: Description; creationTime!: time; \
         updateTime!: time; storeOptions: StoreOptions; storeFormat: StoreFormat",
    ),
    ("DeleteAnnotationStore", "name!: string @path; force: boolean @query", "status!: StoreStatus"),
    (
        "ListAnnotationStores",
        "ids: [string]; maxResults: PageSize @query; nextToken: string @query; filter: StoreFilter",
        "annotationStores: [AnnotationStoreItem]; nextToken: string",
    ),
    (
        "CreateAnnotationStoreVersion",
        "name!: StoreName @path; versionName!: StoreName; description: Description; versionOptions: VersionOptions; tags: Tags",
        "id!: Id; versionName!: StoreName; storeId!: Id; versionOptions: VersionOptions; name!: StoreName; status!: StoreStatus; \
         creationTime!: time",
    ),
    (
        "GetAnnotationStoreVersion",
        "name!: string @path; versionName!: string @path",
        "storeId!: Id; id!: Id; status!: StoreStatus; versionArn!: Arn; name!: StoreName; versionName!: StoreName; \
         description!: Description; creationTime!: time; updateTime!: time; tags!: Tags; versionOptions: VersionOptions; \
         statusMessage!: string; versionSizeBytes!: long",
    ),
    (
        "UpdateAnnotationStoreVersion",
        "name!: string @path; versionName!: string @path; description: Description",
        "storeId!: Id; id!: Id; status!: StoreStatus; name!: StoreName; versionName!: StoreName; description!: Description; \
         creationTime!: time; updateTime!: time",
    ),
    (
        "DeleteAnnotationStoreVersions",
        "name!: string @path; versions!: [StoreName]; force: boolean @query",
        "errors: [VersionDeleteError]",
    ),
    (
        "ListAnnotationStoreVersions",
        "name!: string @path; maxResults: PageSize @query; nextToken: string @query; filter: StoreFilter",
        "annotationStoreVersions: [AnnotationStoreVersionItem]; nextToken: string",
    ),
    (
        "StartAnnotationImportJob",
        "destinationName!: StoreName; roleArn!: Arn; items!: [ImportItemSource]; versionName: StoreName; \
         formatOptions: FormatOptions; runLeftNormalization: boolean; annotationFields: AnnotationFields",
        "jobId!: Uuid",
    ),
    (
        "GetAnnotationImportJob",
        "jobId!: Uuid @path",
        "id!: Uuid; destinationName!: StoreName; versionName!: StoreName; roleArn!: Arn; status!: JobStatus; \
         statusMessage!: string; creationTime!: time; updateTime!: time; completionTime!: time; \
         items!: [AnnotationImportItemDetail]; runLeftNormalization!: boolean; formatOptions!: FormatOptions; \
         annotationFields: AnnotationFields",
    ),
    ("CancelAnnotationImportJob", "jobId!: Uuid @path", ""),
    (
        "ListAnnotationImportJobs",
        "maxResults: PageSize @query; ids: [string]; nextToken: string @query; filter: JobFilter",
        "annotationImportJobs: [AnnotationImportJobItem]; nextToken: string",
    ),
    (
        "CreateShare",
        "resourceArn!: string; principalSubscriber!: string; shareName: ShareName",
        "shareId: string; status: ShareStatus; shareName: ShareName",
    ),
    ("GetShare", "shareId!: string @path", "share: ShareDetails"),
    ("AcceptShare", "shareId!: string @path", "status: ShareStatus"),
    ("DeleteShare", "shareId!: string @path", "status: ShareStatus"),
    (
        "ListShares",
        "resourceOwner!: ResourceOwner; filter: ShareFilter; nextToken: string @query; maxResults: integer @query",
        "shares!: [ShareDetails]; nextToken: string",
    ),
    ("TagResource", "resourceArn!: string @path; tags!: Tags", ""),
    ("UntagResource", "resourceArn!: string @path; tagKeys!: [string] @query", ""),
    ("ListTagsForResource", "resourceArn!: string @path", "tags!: Tags"),
    (
        "CreateReferenceStore",
        "name!: string; description: string; sseConfig: SseConfig; tags: Tags; clientToken: string",
        "id!: Number; arn!: Arn; name: string; description: string; sseConfig: SseConfig; creationTime!: time",
    ),
    (
        "GetReferenceStore",
        "id!: Number @path",
        "id!: Number; arn!: Arn; name: string; description: string; sseConfig: SseConfig; creationTime!: time",
    ),
    ("DeleteReferenceStore", "id!: Number @path", ""),
    (
        "ListReferenceStores",
        "maxResults: PageSize @query; nextToken: string @query; filter: ReferenceStoreFilter",
        "nextToken: string; referenceStores!: [ReferenceStoreDetail]",
    ),
    (
        "StartReferenceImportJob",
        "referenceStoreId!: Number @path; roleArn!: string; clientToken: string; sources!: [ReferenceSource]",
        "id!: Number; referenceStoreId!: Number; roleArn!: string; status!: ReferenceJobStatus; creationTime!: time",
    ),
    (
        "GetReferenceImportJob",
        "id!: Number @path; referenceStoreId!: Number @path",
        "id!: Number; referenceStoreId!: Number; roleArn!: string; status!: ReferenceJobStatus; statusMessage: string; \
         creationTime!: time; completionTime: time; sources!: [ReferenceSourceDetail]",
    ),
    (
        "ListReferenceImportJobs",
        "maxResults: PageSize @query; nextToken: string @query; referenceStoreId!: Number @path; filter: ReferenceJobFilter",
        "nextToken: string; importJobs: [ReferenceJobItem]",
    ),
    (
        "GetReferenceMetadata",
        "id!: Number @path; referenceStoreId!: Number @path",
        "id!: Number; arn!: Arn; referenceStoreId!: Number; md5!: string; status: ReferenceStatus; name: string; \
         description: string; creationTime!: time; updateTime!: time; files: ReferenceFiles; creationType: string; \
         creationJobId: string",
    ),
    (
        "GetReference",
        "id!: Number @path; referenceStoreId!: Number @path; range: string @header; partNumber!: integer @query; \
         file: ReferenceFile @query",
        "payload: bytes",
    ),
    (
        "ListReferences",
        "referenceStoreId!: Number @path; maxResults: PageSize @query; nextToken: string @query; filter: ReferenceFilter",
        "nextToken: string; references!: [ReferenceListItem]",
    ),
    ("DeleteReference", "id!: Number @path; referenceStoreId!: Number @path", ""),
];

/// Nested shapes.
pub(super) const STRUCTURES: &[(&str, &str)] = &[
    ("ReferenceItem", "referenceArn: string"),
    ("SseConfig", "type!: EncryptionType; keyArn: string"),
    ("StoreFilter", "status: StoreStatus"),
    ("JobFilter", "status: JobStatus; storeName: string"),
    (
        "VariantStoreItem",
        "id!: Id; reference!: ReferenceItem; status!: StoreStatus; storeArn!: Arn; name!: string; description!: Description; \
         sseConfig!: SseConfig; creationTime!: time; updateTime!: time; statusMessage!: string; storeSizeBytes!: long",
    ),
    ("ImportItemSource", "source!: S3Uri"),
    ("VariantImportItemDetail", "source!: S3Uri; jobStatus!: JobStatus; statusMessage: string"),
    ("AnnotationImportItemDetail", "source!: S3Uri; jobStatus!: JobStatus"),
    (
        "VariantImportJobItem",
        "id!: string; destinationName!: string; roleArn!: Arn; status!: JobStatus; creationTime!: time; updateTime!: time; \
         completionTime: time; runLeftNormalization: boolean; annotationFields: AnnotationFields",
    ),
    (
        "AnnotationImportJobItem",
        "id!: string; destinationName!: string; versionName!: StoreName; roleArn!: Arn; status!: JobStatus; creationTime!: time; \
         updateTime!: time; completionTime: time; runLeftNormalization: boolean; annotationFields: AnnotationFields",
    ),
    ("StoreOptions", "tsvStoreOptions: TsvOptionsOfStore"),
    ("VersionOptions", "tsvVersionOptions: TsvOptionsOfStore"),
    ("TsvOptionsOfStore", "annotationType: AnnotationType; formatToHeader: {string}; schema: [{ValueType}]"),
    (
        "AnnotationStoreItem",
        "id!: Id; reference: ReferenceItem; status!: StoreStatus; storeArn!: Arn; name!: string; storeFormat!: StoreFormat; \
         description!: Description; sseConfig!: SseConfig; creationTime!: time; updateTime!: time; statusMessage!: string; \
         storeSizeBytes!: long",
    ),
    (
        "AnnotationStoreVersionItem",
        "storeId!: Id; id!: Id; status!: StoreStatus; versionArn!: Arn; name!: StoreName; versionName!: StoreName; \
         description!: Description; creationTime!: time; updateTime!: time; statusMessage!: string; versionSizeBytes!: long",
    ),
    ("VersionDeleteError", "versionName!: StoreName; message!: string"),
    ("FormatOptions", "tsvOptions: TsvOptions; vcfOptions: VcfOptions"),
    ("TsvOptions", "readOptions: ReadOptions"),
    (
        "ReadOptions",
        "sep: string; encoding: string; quote: string; quoteAll: boolean; escape: string; escapeQuotes: boolean; \
         comment: string; header: boolean; lineSep: string",
    ),
    ("VcfOptions", "ignoreQualField: boolean; ignoreFilterField: boolean"),
    ("ShareFilter", "resourceArns: [string]; status: [ShareStatus]; type: [ShareResourceType]"),
    (
        "ShareDetails",
        "shareId: string; resourceArn: string; resourceId: string; principalSubscriber: string; ownerId: string; \
         status: ShareStatus; statusMessage: string; shareName: ShareName; creationTime: time; updateTime: time",
    ),
    ("ReferenceStoreFilter", "name: string; createdAfter: time; createdBefore: time"),
    (
        "ReferenceStoreDetail",
        "arn!: Arn; id!: Number; name: string; description: string; sseConfig: SseConfig; creationTime!: time",
    ),
    ("ReferenceSource", "sourceFile!: S3Uri; name!: string; description: string; tags: Tags"),
    (
        "ReferenceSourceDetail",
        "sourceFile: S3Uri; status!: ReferenceSourceStatus; statusMessage: string; name: string; description: string; tags: Tags; \
         referenceId: Number",
    ),
    ("ReferenceJobFilter", "status: ReferenceJobStatus; createdAfter: time; createdBefore: time"),
    (
        "ReferenceJobItem",
        "id!: Number; referenceStoreId!: Number; roleArn!: string; status!: ReferenceJobStatus; creationTime!: time; \
         completionTime: time",
    ),
    ("ReferenceFiles", "source: FileInformation; index: FileInformation"),
    ("FileInformation", "totalParts: integer; partSize: long; contentLength: long"),
    ("ReferenceFilter", "name: string; md5: string; createdAfter: time; createdBefore: time"),
    (
        "ReferenceListItem",
        "id!: Number; arn!: Arn; referenceStoreId!: Number; md5!: string; status: ReferenceStatus; name: string; \
         description: string; creationTime!: time; updateTime!: time",
    ),
];

/// Values that a text may have.
pub(super) const ENUMERATIONS: &[(&str, &str)] = &[
    (
        "AnnotationType",
        "GENERIC CHR_POS CHR_POS_REF_ALT CHR_START_END_ONE_BASE CHR_START_END_REF_ALT_ONE_BASE \
         CHR_START_END_ZERO_BASE CHR_START_END_REF_ALT_ZERO_BASE",
    ),
    ("EncryptionType", "KMS"),
    ("JobStatus", "SUBMITTED IN_PROGRESS CANCELLED COMPLETED FAILED COMPLETED_WITH_FAILURES"),
    ("ReferenceFile", "SOURCE INDEX"),
    ("ReferenceJobStatus", "SUBMITTED IN_PROGRESS CANCELLING CANCELLED FAILED COMPLETED COMPLETED_WITH_FAILURES"),
    ("ReferenceSourceStatus", "NOT_STARTED IN_PROGRESS FINISHED FAILED"),
    ("ReferenceStatus", "ACTIVE DELETING DELETED"),
    ("ResourceOwner", "SELF OTHER"),
    ("ShareResourceType", "VARIANT_STORE ANNOTATION_STORE WORKFLOW"),
    ("ShareStatus", "PENDING ACTIVATING ACTIVE DELETING DELETED FAILED"),
    ("StoreFormat", "GFF TSV VCF"),
    ("StoreStatus", "CREATING UPDATING DELETING ACTIVE FAILED"),
    ("ValueType", "LONG INT STRING FLOAT DOUBLE BOOLEAN"),
];
