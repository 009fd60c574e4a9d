import { atOnce, canonicalBytes, canonicalSteps, type Steps } from '../canonical.ts'
import { type Cid, hashBytes } from '../cid.ts'
import { timestamp } from '../time.ts'
import type { Sealed } from './attestation.ts'
import { checkSize, parseWith } from './checks.ts'
import { checkEntries } from './scan.ts'
import { type ContributionView, type Draft, draftSchema, type Manifest } from './schema.ts'

/**
 * A contribution with a verified manifest: `bytes` are its canonical bytes and hash to `cid`. The
 * attestations are not verified.
 */
export interface Contribution extends Sealed {
  readonly manifest: Manifest
}

/**
 * The cid of a manifest: the BLAKE3 hash of its canonical bytes. `manifestVersion` defaults to 1,
 * and a member `cid` is left out. Neither the schema nor a limit is checked. Throws
 * `manifest-invalid` for what canonical JSON cannot hold.
 */
export function cidOf(manifest: object): Cid {
  const { cid: _, ...rest } = manifest as Record<string, unknown>
  return hashBytes(canonicalBytes({ manifestVersion: 1, ...rest }))
}

/**
 * Seals a draft: fills in defaults, writes `createdAt` in UTC with milliseconds, and hashes the
 * canonical bytes. `now` (Unix ms) is used where the draft has no `createdAt`. Throws
 * `manifest-invalid`, `manifest-unknown-field`, `manifest-too-large`.
 */
export const sealDraft = (draft: Draft, now: number): Contribution =>
  atOnce(sealingSteps(draft, now))

/** The same step by step: with as many members as are allowed, it takes tens of milliseconds. */
export function* sealingSteps(draft: Draft, now: number): Steps<Contribution> {
  parseWith(draftSchema, draft)
  const { artifacts = {}, relations = [], tags = [] } = draft
  const createdAt = timestamp(draft.createdAt === undefined ? now : Date.parse(draft.createdAt))
  yield
  const text = yield* canonicalSteps({
    ...draft,
    manifestVersion: 1,
    artifacts,
    relations,
    tags,
    createdAt,
  })
  const bytes = encoder.encode(text)
  checkSize(bytes)
  checkEntries(bytes)
  yield
  // Read back, so that it is what every other reader of the bytes gets, keys in their order too.
  const manifest = JSON.parse(text) as Manifest
  return { cid: hashBytes(bytes), bytes, manifest, attestations: [] }
}

const encoder = new TextEncoder()

/** A contribution as the API shows it, without provenance and attestations. */
export function viewOf(contribution: Contribution): ContributionView {
  return { cid: contribution.cid, ...contribution.manifest }
}
