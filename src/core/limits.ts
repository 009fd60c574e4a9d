/** Limits of what a grove accepts, each named once (PROTOCOL.md#limits). Sizes in bytes. */

/** Canonical bytes of one manifest. */
export const MANIFEST_MAX_BYTES = 1024 * 1024
/** Characters (UTF-16 units) of a manifest's summary. */
export const SUMMARY_MAX_CHARS = 256
/** Characters (UTF-16 units) of a manifest's description. */
export const DESCRIPTION_MAX_CHARS = 65_536
/** Artifacts that one manifest names. */
export const ARTIFACTS_MAX = 1_000
/** Characters (UTF-16 units) of an artifact's name. */
export const ARTIFACT_NAME_MAX_CHARS = 256
/** Relations of one manifest. */
export const RELATIONS_MAX = 1_000
/** Scores of one manifest. */
export const SCORES_MAX = 100
/** Tags of one manifest. */
export const TAGS_MAX = 100
/** Attestations that travel with one contribution, and the size of one. */
export const ATTESTATIONS_MAX = 16
export const ATTESTATION_MAX_BYTES = 1024

/** Entries of a digest in one gossip message. The same as Grove 0.1's. */
export const DIGEST_MAX_ENTRIES = 100
/** Peers offered in one shuffle. The same as Grove 0.1's. */
export const SHUFFLE_MAX_PEERS = 50
/** Body of a gossip message or a shuffle, and of its answer. */
export const GOSSIP_MAX_BYTES = 64 * 1024
/** Entries of one best list. */
export const BEST_MAX = 1_000
/** Hashes in one question about missing blobs. */
export const MISSING_MAX_HASHES = 1_000
/** Contributions in one closure. */
export const CLOSURE_MAX_CONTRIBUTIONS = 1_000
/** Steps along `derives_from` in one closure. */
export const CLOSURE_MAX_DEPTH = 64
/** Manifests of one closure, in all. */
export const CLOSURE_MAX_BYTES = 16 * 1024 * 1024
/** Entries of the federated frontier in one metric, both directions together. */
export const FEDERATED_MAX_PER_METRIC = 500
/** Entries of the federated frontier in all. */
export const FEDERATED_MAX = 4_096
/** The share of either bound of the federated frontier that one advertiser may take. */
export const FEDERATED_ADVERTISER_SHARE = 1 / 4
/** Providers remembered of one advertised item, and asked in one fetch of background sync. */
export const PROVIDERS_MAX = 8
/** Contradicted advertisements of one peer that are kept as proof. */
export const PROOFS_MAX = 10
/** An artifact that is taken unasked, where the policy says nothing else. */
export const UNSOLICITED_ARTIFACT_MAX_BYTES = 64 * 1024 * 1024
/** Blobs on their way here at once. */
export const TRANSFERS_MAX = 16
/** Blobs on their way here from one peer at once. */
export const TRANSFERS_MAX_PER_PEER = 4

/** Rows of one answer of a list. */
export const LIST_MAX = 1_000
