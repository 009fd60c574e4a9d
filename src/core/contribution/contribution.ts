import type { z } from 'zod'
import { canonicalBytes } from '../canonical.ts'
import { type Cid, hashBytes } from '../cid.ts'
import { GroveError } from '../errors.ts'
import { MANIFEST_MAX_BYTES } from '../limits.ts'
import {
  type ContributionView,
  type Draft,
  draftSchema,
  type Manifest,
  manifestSchema,
} from './schema.ts'

/** A verified contribution: `bytes` are the canonical bytes that hash to `cid`, kept as they came. */
export interface Contribution {
  readonly cid: Cid
  readonly bytes: Uint8Array
  readonly manifest: Manifest
}

/**
 * The cid of a manifest: canonical bytes → BLAKE3, with `manifestVersion` 1 filled in and `cid`, if there, left out.
 * Checks no limits. Throws `manifest-invalid` for what canonical JSON cannot hold.
 */
export function cidOf(manifest: object): Cid {
  const { cid: _, ...rest } = manifest as Record<string, unknown>
  return hashBytes(canonicalBytes({ manifestVersion: 1, ...rest }))
}

/**
 * Seals an author's draft: defaults filled in, `createdAt` in UTC with milliseconds, canonical bytes, hash.
 * `now` is used where the draft names no moment. Throws `manifest-invalid`, `manifest-unknown-field`, `manifest-too-large`.
 */
export function sealDraft(draft: Draft, now: number): Contribution {
  parseWith(draftSchema, draft)
  const { artifacts = {}, relations = [], tags = [] } = draft
  const createdAt = utc(draft.createdAt ?? now)
  const manifest = {
    ...draft,
    manifestVersion: 1,
    artifacts,
    relations,
    tags,
    createdAt,
  } as Manifest
  const bytes = canonicalBytes(manifest)
  checkSize(bytes)
  return { cid: hashBytes(bytes), bytes, manifest }
}

/**
 * Opens bytes that claim to be the manifest `cid`: hash first, then form, then limits. Never alters them.
 * Throws `manifest-too-large`, `hash-mismatch`, `manifest-not-canonical`, `manifest-unknown-field`, `manifest-invalid`.
 */
export function verifyManifest(bytes: Uint8Array, cid: Cid): Contribution {
  checkSize(bytes)
  const actual = hashBytes(bytes)
  if (actual !== cid) throw new GroveError('hash-mismatch', { expected: cid, actual })
  const value = parseJson(bytes, cid)
  checkCanonical(value, bytes, cid)
  return { cid, bytes, manifest: parseWith(manifestSchema, value) }
}

/** Opens a manifest that came as parsed JSON (a 0.1 server's answer, with its `cid` inside): re-canonicalised, hashed, compared. */
export function openParsed(value: unknown, cid: Cid): Contribution {
  if (typeof value !== 'object' || value === null) throw new GroveError('manifest-invalid', { cid })
  const { cid: _, ...manifest } = value as Record<string, unknown>
  return verifyManifest(canonicalBytes(manifest), cid)
}

/** A contribution as the API shows it. */
export function viewOf(contribution: Contribution): ContributionView {
  return { cid: contribution.cid, ...contribution.manifest }
}

/** A moment in UTC with milliseconds. An offset may carry it out of the years 0 to 9999, which RFC 3339 can't write. */
function utc(moment: string | number): string {
  const text = new Date(moment).toISOString()
  if (/^[+-]/.test(text)) {
    const message = `createdAt: ${moment} is outside the years 0000 to 9999 in UTC`
    throw new GroveError('manifest-invalid', { createdAt: moment }, { message })
  }
  return text
}

function checkSize(bytes: Uint8Array): void {
  if (bytes.byteLength <= MANIFEST_MAX_BYTES) return
  throw new GroveError('manifest-too-large', {
    sizeBytes: bytes.byteLength,
    maxBytes: MANIFEST_MAX_BYTES,
  })
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function parseJson(bytes: Uint8Array, cid: Cid): unknown {
  try {
    return JSON.parse(decoder.decode(bytes))
  } catch (cause) {
    throw new GroveError(
      'manifest-not-canonical',
      { cid },
      { cause, message: `the manifest of ${cid} is not JSON in UTF-8` },
    )
  }
}

function checkCanonical(value: unknown, bytes: Uint8Array, cid: Cid): void {
  if (Buffer.compare(canonicalBytes(value), bytes) === 0) return
  throw new GroveError(
    'manifest-not-canonical',
    { cid },
    { message: `the bytes of ${cid} are not RFC 8785 canonical JSON` },
  )
}

function parseWith<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const issues = result.error.issues.map(({ code, path, message }) => ({
    code,
    path: path.join('.'),
    message,
  }))
  const unknown = issues.some((issue) => issue.code === 'unrecognized_keys')
  const message = issues
    .map((issue) => (issue.path === '' ? issue.message : `${issue.path}: ${issue.message}`))
    .join('; ')
  throw new GroveError(
    unknown ? 'manifest-unknown-field' : 'manifest-invalid',
    { issues: issues.slice(0, 20) },
    { message: message.slice(0, 2_000) },
  )
}
