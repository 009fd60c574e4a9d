import { canonicalBytes, canonicalText } from '../canonical.ts'
import { type Cid, hashBytes } from '../cid.ts'
import { GroveError } from '../errors.ts'
import type { Sealed } from './attestation.ts'
import { checkSize, parseWith } from './checks.ts'
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
export function sealDraft(draft: Draft, now: number): Contribution {
  parseWith(draftSchema, draft)
  const { artifacts = {}, relations = [], tags = [] } = draft
  const createdAt = utc(draft.createdAt ?? now)
  const text = canonicalText({
    ...draft,
    manifestVersion: 1,
    artifacts,
    relations,
    tags,
    createdAt,
  })
  const bytes = encoder.encode(text)
  checkSize(bytes)
  // Read back, so that it is what every other reader of the bytes gets, keys in their order too.
  const manifest = JSON.parse(text) as Manifest
  return { cid: hashBytes(bytes), bytes, manifest, attestations: [] }
}

const encoder = new TextEncoder()

/** A contribution as the API shows it, without provenance and attestations. */
export function viewOf(contribution: Contribution): ContributionView {
  return { cid: contribution.cid, ...contribution.manifest }
}

/**
 * A moment in UTC with milliseconds. Its offset may carry it out of the years 0 to 9999, which
 * RFC 3339 can't write; `manifest-invalid` is then thrown.
 */
function utc(moment: string | number): string {
  const text = new Date(moment).toISOString()
  if (/^[+-]/.test(text)) {
    const message = `createdAt: ${moment} is outside the years 0000 to 9999 in UTC`
    throw new GroveError('manifest-invalid', { createdAt: moment }, { message })
  }
  return text
}
