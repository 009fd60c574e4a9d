import { canonicalBytes } from '../canonical.ts'
import type { Cid } from '../cid.ts'
import type { KeyId } from './ed25519.ts'
import type { Origin } from './origin.ts'
import { originAttestation } from './origin-text.ts'
import { plainSha256Hex } from './secrets.ts'

/** What a grove holds about a contribution, in a form that other tools read (in-toto, DSSE). */

/** An envelope as DSSE 1.0 has it. */
export interface DsseEnvelope {
  readonly payloadType: string
  /** Base64. */
  readonly payload: string
  readonly signatures: { readonly keyid: string; readonly sig: string }[]
}

const PAYLOAD_TYPE = 'application/vnd.in-toto+json'
const STATEMENT_TYPE = 'https://in-toto.io/Statement/v1'
/** What the predicate says: who has published the contribution. */
const PREDICATE_TYPE = 'urn:grove:origins:v1'

/** A contribution as a statement names it: the manifest's canonical bytes have the cid as hash. */
export interface Attested {
  readonly cid: Cid
  readonly bytes: Uint8Array
  readonly origins: readonly Origin[]
}

/** An envelope before it is signed. */
export interface UnsignedEnvelope {
  /** What is to be signed. */
  readonly text: Uint8Array
  /** The envelope, with the signature of `text` in base64. */
  envelope(keyid: KeyId, sig: string): DsseEnvelope
}

/** The envelope by which a grove attests who published a contribution. */
export function attestationOf(attested: Attested): UnsignedEnvelope {
  const bytes = canonicalBytes(statementOf(attested))
  const payload = Buffer.from(bytes).toString('base64')
  return {
    text: preAuthEncoding(PAYLOAD_TYPE, bytes),
    envelope: (keyid, sig) => ({
      payloadType: PAYLOAD_TYPE,
      payload,
      signatures: [{ keyid, sig }],
    }),
  }
}

/** What a DSSE signature is over (DSSE 1.0, "PAE"). */
function preAuthEncoding(payloadType: string, payload: Uint8Array): Uint8Array {
  const typeBytes = Buffer.byteLength(payloadType)
  const head = `DSSEv1 ${typeBytes} ${payloadType} ${payload.byteLength} `
  return Buffer.concat([Buffer.from(head), payload])
}

function statementOf({ cid, bytes, origins }: Attested) {
  return {
    _type: STATEMENT_TYPE,
    subject: [
      {
        name: cid,
        digest: { blake3: cid.slice('blake3:'.length), sha256: plainSha256Hex(bytes) },
      },
    ],
    predicateType: PREDICATE_TYPE,
    predicate: { origins: origins.map(originAttestation) },
  }
}
