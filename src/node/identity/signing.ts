import { GroveError } from '../../core/errors.ts'
import type { Origin } from '../../core/identity/origin.ts'
import { originsIn } from '../../core/identity/origin-text.ts'
import { type Attested, attestationOf, type DsseEnvelope } from '../../core/identity/statement.ts'
import type { PeerAddress } from '../../core/peers/peer.ts'
import type { Signatures } from '../../ports/signatures.ts'
import type { Incoming, Signing } from '../../ports/signing.ts'
import { EarlierWork, type EarlierWorkOptions } from './earlier-work.ts'
import { OriginVerifier } from './origin-verifier.ts'

type SigningPorts = Pick<EarlierWorkOptions, 'records' | 'clock'>

/** What a grove does for its signing. */
interface Hooks extends Pick<EarlierWorkOptions, 'origins' | 'later' | 'moved'> {
  /** Aborts when the grove closes. */
  readonly closing: AbortSignal
  readonly breathe: () => Promise<void> | undefined
  /** Remembers what a peer did wrong. */
  readonly fault: (peer: PeerAddress, error: GroveError) => void
}

/** The origins of what comes to the store: for what is published here the store makes them. */
export class NodeSigning implements Signing {
  readonly #earlier: EarlierWork
  readonly #verifier: OriginVerifier
  readonly #fault: Hooks['fault']
  readonly #signatures: Signatures

  private constructor(options: SigningPorts & Hooks & { readonly signatures: Signatures }) {
    options.origins.signWith(options.signatures.key)
    this.#earlier = new EarlierWork(options)
    this.#verifier = new OriginVerifier(options)
    this.#fault = options.fault
    this.#signatures = options.signatures
  }

  /** Undefined where the grove has no key. */
  static of(
    { signatures, ...ports }: SigningPorts & { readonly signatures?: Signatures | undefined },
    hooks: Hooks,
  ): NodeSigning | undefined {
    return signatures && new NodeSigning({ ...ports, ...hooks, signatures })
  }

  /** Begins to sign what was published here and never signed, in the background. */
  signEarlier(): void {
    this.#earlier.start()
  }

  /** The envelope by which this grove attests who published a contribution. */
  async attest(attested: Attested): Promise<DsseEnvelope> {
    const { text, envelope } = attestationOf(attested)
    return envelope(this.#signatures.key.peerId, await this.#signatures.signDsse(text))
  }

  async verified(incoming: Incoming): Promise<readonly Origin[]> {
    const { contribution } = incoming
    const origins = originsIn(contribution.attestations)
    const hold = await Promise.all(origins.map((origin) => this.#holds(incoming, origin)))
    return origins.filter((_, index) => hold[index])
  }

  async #holds({ contribution: { cid }, provenance }: Incoming, origin: Origin): Promise<boolean> {
    const { peerId = '', address = '', host = address } = provenance
    const holds = await this.#verifier.holds({ cid, origin, host })
    if (!holds && address !== '')
      this.#fault({ peerId, address }, wrongOrigin(cid, origin, address))
    return holds
  }
}

/** Nobody honest passes on what it has not verified, so it convicts. */
function wrongOrigin(cid: string, { peerId }: Origin, address: string): GroveError {
  return new GroveError(
    'peer-fault',
    { address, fault: 'wrong-origin', cid, signer: peerId },
    { message: `${address} sent a wrong signature of ${peerId} for ${cid}` },
  )
}
