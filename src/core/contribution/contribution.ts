import { canonicalBytes } from '../canonical.ts'
import { type Cid, hashBytes } from '../cid.ts'
import { GroveError } from '../errors.ts'
import type { Sealed } from './attestation.ts'
import { checkSize, parseWith } from './checks.ts'
import { type ContributionView, type Draft, draftSchema, type Manifest } from './schema.ts'

/**
 * A contribution whose manifest is verified: `bytes` are the canonical bytes that hash to `cid`,
 * kept as they came. Its attestations are not verified.
 */
export interface Contribution extends Sealed {
  readonly manifest: Manifest
}

/**
 * The cid of a manifest: canonical bytes → BLAKE3, with `manifestVersion` 1 filled in and `cid`, if
 * there, left out. Checks no limits. Throws `manifest-invalid` for what canonical JSON cannot hold.
 */
export function cidOf(manifest: object): Cid {
  const { cid: _, ...rest } = manifest as Record<string, unknown>
  return hashBytes(canonicalBytes({ manifestVersion: 1, ...rest }))
}

/**
 * Seals an author's draft: defaults filled in, `createdAt` in UTC with milliseconds, canonical
 * bytes, hash. `now` is used where the draft names no moment. Throws `manifest-invalid`,
 * `manifest-unknown-field`, `manifest-too-large`.
 */
export function sealDraft(draft: Draft, now: number): Contribution {
  parseWith(draftSchema, draft)
  const { artifacts = {}, relations = [], tags = [] } = draft
  const createdAt = utc(draft.createdAt ?? now)
  const bytes = canonicalBytes({
    ...draft,
    manifestVersion: 1,
    artifacts,
    relations,
    tags,
    createdAt,
  })
  checkSize(bytes)
  // Read back, so that it is what every other reader of the bytes gets, keys in their order too.
  const manifest = JSON.parse(decoder.decode(bytes)) as Manifest
  return { cid: hashBytes(bytes), bytes, manifest, attestations: [] }
}

const decoder = new TextDecoder()

/** A contribution as the API shows it. */
export function viewOf(contribution: Contribution): ContributionView {
  return { cid: contribution.cid, ...contribution.manifest }
}

/**
 * A moment in UTC with milliseconds. An offset may carry it out of the years 0 to 9999, which
 * RFC 3339 can't write.
 */
function utc(moment: string | number): string {
  const text = new Date(moment).toISOString()
  if (/^[+-]/.test(text)) {
    const message = `createdAt: ${moment} is outside the years 0000 to 9999 in UTC`
    throw new GroveError('manifest-invalid', { createdAt: moment }, { message })
  }
  return text
}
