/** Limits of what a grove accepts, each named once (PROTOCOL.md §1 and §9). Sizes in bytes. */
export const MANIFEST_MAX_BYTES = 1024 * 1024
export const SUMMARY_MAX_CHARS = 256
export const DESCRIPTION_MAX_CHARS = 65_536
export const ARTIFACTS_MAX = 1_000
export const ARTIFACT_NAME_MAX_CHARS = 256
export const RELATIONS_MAX = 1_000
export const SCORES_MAX = 100
export const TAGS_MAX = 100
/** Attestations that travel with one contribution, and the size of one. */
export const ATTESTATIONS_MAX = 16
export const ATTESTATION_MAX_BYTES = 1024

export const DIGEST_MAX_ENTRIES = 100
export const SHUFFLE_MAX_PEERS = 50
export const GOSSIP_MAX_BYTES = 64 * 1024
export const BEST_MAX = 1_000
export const MISSING_MAX_HASHES = 1_000
export const CLOSURE_MAX_CONTRIBUTIONS = 1_000
export const CLOSURE_MAX_DEPTH = 64
export const CLOSURE_MAX_BYTES = 16 * 1024 * 1024
export const FEDERATED_MAX_PER_METRIC = 500
export const FEDERATED_MAX = 4_096
/** The share of either bound that one advertiser may take. */
export const FEDERATED_ADVERTISER_SHARE = 1 / 4
export const PROVIDERS_MAX = 8
/** Broken claims of one peer that are kept as proof. */
export const PROOFS_MAX = 10
export const UNSOLICITED_ARTIFACT_MAX_BYTES = 64 * 1024 * 1024
export const TRANSFERS_MAX = 16
export const TRANSFERS_MAX_PER_PEER = 4

/** Rows of one answer of a list. */
export const LIST_MAX = 1_000
