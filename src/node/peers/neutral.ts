import { type ErrorCode, GroveError, isGroveError } from '../../core/errors.ts'
import type { PeerRecord } from '../../core/peers/peer-record.ts'
import type { FederationPeer, SyncReport } from '../../core/wire/federation.ts'
import type { PeersContext } from '../context.ts'
import { type FailedAttempt, failedAttempts, failureOf } from './contact.ts'

/**
 * What callers on other machines are told of calls to peers. Anybody can have a grove call an
 * address, and could learn from its errors which ports are open there, or what a name means in its
 * network. So they learn one thing: whether a grove answered.
 */

/** These may come of an address where no grove is. */
const NO_GROVE: ReadonlySet<string> = new Set<ErrorCode>([
  'peer-unreachable',
  'peer-too-slow',
  'peer-fault',
  'address-refused',
  'refused',
])

interface CallFailure {
  readonly code: string
  readonly message: string
}

const saysNothing = (address: string): CallFailure => ({
  code: 'peer-unreachable',
  message: `no grove answers at ${address}`,
})

const neutral = <F extends CallFailure>(address: string, failure: F): F =>
  NO_GROVE.has(failure.code) ? { ...failure, ...saysNothing(address) } : failure

/** The same where a grove would have had an answer: that there is nothing proves none. */
const neutralOfAsked = <F extends CallFailure>(address: string, failure: F): F =>
  failure.code === 'absent' ? { ...failure, ...saysNothing(address) } : neutral(address, failure)

/** What is wrong with the disk of a grove, without a path on it. */
const ownDisk: Readonly<Partial<Record<ErrorCode, string>>> = {
  'storage-full': 'the disk of the grove is full',
  'storage-failed': 'the disk of the grove fails',
  'storage-locked': 'another process has the directory of the grove open',
  'read-only': 'the grove may not write into its directory',
}

/** An error as callers on other machines get it. */
export function neutralError(error: unknown): unknown {
  if (!isGroveError(error)) return error
  const { code, details, message } = error
  const disk = ownDisk[code]
  if (disk !== undefined) {
    const { file: _file, path: _path, dir: _dir, directory: _directory, ...rest } = details
    return new GroveError(code, rest, { message: disk })
  }
  if (code === 'relation-target-missing')
    return new GroveError(
      code,
      { cid: details['cid'] },
      { message: message.replace(/ \(.*$/s, '') },
    )
  const attempts = failedAttempts(error)
  if (attempts.length > 0) return failureOf(attempts.map(attemptOf), subjectOf(error))
  const address = details['address']
  if (typeof address !== 'string' || !NO_GROVE.has(code)) return error
  const said = saysNothing(address)
  return new GroveError('peer-unreachable', { address }, { message: said.message })
}

type Attempt = ReturnType<typeof failedAttempts>[number]

function attemptOf({ peerId, address, foreign, ...failure }: Attempt): FailedAttempt {
  const said = foreign === true ? saysNothing(address) : neutral(address, failure)
  const error = new GroveError(said.code as ErrorCode, {}, { message: said.message })
  return { peer: { peerId, address }, error }
}

function subjectOf({ details }: GroveError): Readonly<Record<string, unknown>> {
  const { cid, hash } = details
  return { ...(cid !== undefined && { cid }), ...(hash !== undefined && { hash }) }
}

/** A peer without what would tell whether anything but a grove answers at its address. */
export function neutralPeer(
  node: Pick<PeersContext, 'gossip'>,
  peer: FederationPeer,
): FederationPeer {
  const hasAnswered = node.gossip.peer(peer.address)?.answered === true
  const { lastError, failures, ...record } = peer.record
  const told: PeerRecord = { ...record, failures: hasAnswered ? failures : 0 }
  if (lastError === undefined || !hasAnswered) return { ...peer, record: told }
  return { ...peer, record: { ...told, lastError: neutralOfAsked(peer.address, lastError) } }
}

export function neutralReport(report: SyncReport): SyncReport {
  const asked = report.asked?.map((one) =>
    one.error === undefined ? one : { ...one, error: neutralOfAsked(one.address, one.error) },
  )
  return asked === undefined ? report : { ...report, asked }
}
