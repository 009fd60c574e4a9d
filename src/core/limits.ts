/** Limits on what a grove accepts, each named once (PROTOCOL.md#limits). Sizes are in bytes. */

/** Canonical bytes of one manifest. */
export const MANIFEST_MAX_BYTES = 1024 * 1024
/** Characters (UTF-16 units) of a manifest's summary. */
export const SUMMARY_MAX_CHARS = 256
/** Characters (UTF-16 units) of a manifest's description. */
export const DESCRIPTION_MAX_CHARS = 65_536
/** Artifacts of one manifest. */
export const ARTIFACTS_MAX = 1_000
/** Characters (UTF-16 units) of an artifact's name. */
export const ARTIFACT_NAME_MAX_CHARS = 256
/** Relations of one manifest. */
export const RELATIONS_MAX = 1_000
/** Scores of one manifest. */
export const SCORES_MAX = 100
/** Bytes of a metric's name in UTF-8. Scores under longer names are kept, but don't rank. */
export const METRIC_MAX_BYTES = 128
/** Voices that are counted behind a direction of a metric. */
export const DIRECTION_VOICES_MAX = 64
/** The largest score of a review, and its opposite the least. Others are kept, but don't count. */
export const REVIEW_SCORE_MAX = 100
/** Tags of one manifest. */
export const TAGS_MAX = 100
/** Members and items of one manifest, on all levels together. */
export const MANIFEST_MAX_ENTRIES = 16_384
/** Attestations of one contribution. */
export const ATTESTATIONS_MAX = 16
/** Canonical bytes of one attestation. */
export const ATTESTATION_MAX_BYTES = 1024

/** Stubs: contributions that are known by their cid only, and tried again. */
export const STUBS_MAX = 4_096

/** Entries of the digest in one gossip message, as in Grove 0.1. */
export const DIGEST_MAX_ENTRIES = 100
/** Peers in one message of a shuffle, as in Grove 0.1. */
export const SHUFFLE_MAX_PEERS = 50
/** Body of one message of an exchange or a shuffle, in either direction. */
export const GOSSIP_MAX_BYTES = 64 * 1024
/** Entries of one best list. */
export const BEST_MAX = 1_000
/** Hashes in one query for missing blobs. */
export const MISSING_MAX_HASHES = 1_000
/** Contributions in one question about what others said of them. */
export const ABOUT_MAX = 500
/** Contributions in one question about who has signed them. */
export const ORIGINS_ASKED_MAX = 64
/** Origins of one contribution that the answer tells, the foremost first. */
export const ORIGINS_TOLD_MAX = 64
/** Contributions in one closure. */
export const CLOSURE_MAX_CONTRIBUTIONS = 1_000
/** Steps along `derives_from` in one closure. */
export const CLOSURE_MAX_DEPTH = 64
/** Bytes of all manifests in one closure. */
export const CLOSURE_MAX_BYTES = 16 * 1024 * 1024
/** Entries of the federated frontier in one metric, both directions together. */
export const FEDERATED_MAX_PER_METRIC = 500
/** Entries of the federated frontier in all metrics together. */
export const FEDERATED_MAX = 4_096
/** Share of each of these two bounds that the peers of one host may fill. */
export const FEDERATED_ADVERTISER_SHARE = 1 / 4
/** Providers remembered for one advertised item, and asked in one fetch of background sync. */
export const PROVIDERS_MAX = 8
/** Proofs kept against one peer. */
export const PROOFS_MAX = 10
/** The largest artifact that background sync fetches, unless the policy sets another limit. */
export const UNSOLICITED_ARTIFACT_MAX_BYTES = 64 * 1024 * 1024
/** Transfers at once. */
export const TRANSFERS_MAX = 16
/** Of these, transfers of what nobody asked for, and of what is large of that. */
export const TRANSFERS_MAX_UNASKED = 12
export const TRANSFERS_MAX_BULK = 8
/** Transfers from one host at once. */
export const TRANSFERS_MAX_PER_HOST = 4
/**
 * Transfers of what somebody asked for that one host may have at once, though others from there
 * have filled its share.
 */
export const TRANSFERS_MAX_ASKED_PER_HOST = 2

/** Rows on one page of a list. */
export const LIST_MAX = 1_000
/** Bytes of the manifests on one page of a list, which has at least one row. */
export const PAGE_MAX_BYTES = 4 * 1024 * 1024
