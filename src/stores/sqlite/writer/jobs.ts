import type { Cid } from '../../../core/cid.ts'
import { type ErrorCode, type ErrorDetails, GroveError } from '../../../core/errors.ts'
import type { PendingBlob } from '../../../ports/blob-store.ts'
import type { Provenance } from '../../../ports/contribution-store.ts'
import type { NewCounting, RecountStep } from '../../../ports/origin-store.ts'
import type { FileStamp } from '../../fs/blobs.ts'
import type { OriginRow, SignedRow } from '../tables/origins.ts'

/** Something to be written, as plain data that is sent to the writer's thread. */
export type Job =
  | {
      readonly type: 'put-contribution'
      readonly cid: Cid
      readonly bytes: Uint8Array
      readonly provenance: Provenance
      /** Blobs that it names, stored in the same transaction. */
      readonly pending?: readonly PendingBlob[]
      readonly origins?: readonly OriginRow[]
    }
  | ({ readonly type: 'add-origins' } & SignedRow)
  | { readonly type: 'judge'; readonly counting: NewCounting }
  | { readonly type: 'recount' }
  | { readonly type: 'sign'; readonly cids: readonly Cid[]; readonly at: number }
  | {
      readonly type: 'add-promises'
      readonly cid: Cid
      readonly promisedBy: readonly string[]
      readonly since: number
    }
  | { readonly type: 'put-blob'; readonly hash: Cid; readonly bytes: Uint8Array }
  | { readonly type: 'delete-blob'; readonly hash: Cid }
  | { readonly type: 'delete-damaged-blob'; readonly hash: Cid; readonly bytes: Uint8Array }
  | { readonly type: 'set-file-stamp'; readonly hash: Cid; readonly stamp: FileStamp }
  | { readonly type: 'delete-file-stamp'; readonly hash: Cid }
  | {
      readonly type: 'set-record'
      readonly space: string
      readonly key: string
      readonly value: string
    }
  | {
      readonly type: 'compare-and-set-record'
      readonly space: string
      readonly key: string
      readonly expected: string | undefined
      readonly value: string
    }
  | { readonly type: 'begin-epoch'; readonly id: string; readonly after: number }
  | { readonly type: 'build-words' }
  | { readonly type: 'delete-record'; readonly space: string; readonly key: string }

/** What came of a job that was done. */
export interface JobResult {
  readonly type: 'done'
  /** Whether it changed anything. */
  readonly changed: boolean
  /** What a step of a recount has come to. */
  readonly step?: RecountStep
}

/** The outcome of a job: what came of it, or the error that it failed with. */
export type Outcome = JobResult | Failure

/** A batch of jobs for the writer's thread. */
export interface JobBatch {
  readonly jobs: readonly Job[]
  /** After so much work, in ms, no further job is begun. */
  readonly maxMs: number
  /** Whether the one before it was not answered yet: if that leaves jobs over, this waits too. */
  readonly isAhead: boolean
}

/** The key with which the writer's thread signs from now on, as PKCS#8. */
export interface KeyToSignWith {
  readonly pem: string
}

/** What came of a batch. */
export interface Committed {
  /** Of the jobs that were begun, which are the first ones. */
  readonly outcomes: readonly Outcome[]
  /** What each of these took, in ms, without the commit. */
  readonly workMs: readonly number[]
  readonly allMs: number
}

/** Why something failed, as plain data. */
export interface Failure {
  readonly type: 'failed'
  readonly code: ErrorCode
  readonly details: ErrorDetails
  readonly message: string
}

export function failure(error: GroveError): Failure {
  return { type: 'failed', code: error.code, details: error.details, message: error.message }
}

export function errorOf({ code, details, message }: Failure): GroveError {
  return new GroveError(code, details, { message })
}

/** The job with bytes of its own: a view would drag its whole buffer along to the thread. */
export function compact(job: Job): Job {
  if (!('bytes' in job)) return job
  if (job.type !== 'put-contribution' || job.pending === undefined) return withOwnBytes(job)
  return { ...withOwnBytes(job), pending: job.pending.map(withOwnBytes) }
}

function withOwnBytes<T extends { readonly bytes: Uint8Array }>(value: T): T {
  return value.bytes.byteLength === value.bytes.buffer.byteLength
    ? value
    : { ...value, bytes: new Uint8Array(value.bytes) }
}

/** Bytes that a job has in memory while it waits. */
export function bytesOf(job: Job): number {
  if (!('bytes' in job)) return 0
  const pending = job.type === 'put-contribution' ? (job.pending ?? []) : []
  return pending.reduce((sum, { bytes }) => sum + bytes.byteLength, job.bytes.byteLength)
}
