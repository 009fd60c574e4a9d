import { createHash } from 'node:crypto'
import { httpbis } from 'http-message-signatures'
import type { KeyId, SigningKey, VerifyingKey } from '../core/identity/ed25519.ts'

/**
 * Signatures of requests between groves and of their answers (RFC 9421), with digests of bodies
 * (RFC 9530). There is one form, and whatever has another is no signature: so nothing that a sender
 * writes can be read in two ways.
 */

/** The headers of a signed message. */
export const SIGNATURE = 'signature'
export const SIGNATURE_INPUT = 'signature-input'
export const CONTENT_DIGEST = 'content-digest'
/** The id of the grove that a request is for. */
export const GROVE_TO = 'grove-to'
/** What a grove says of itself where it can't take a signature: `<id> <clock in ms> <reason>`. */
export const GROVE_CHALLENGE = 'grove-challenge'

/** How long a signature says that it is valid. */
const SIGNATURE_VALID_S = 60
const LABEL = 'grove'

/** What a signature says of itself, before it is verified. Times in Unix seconds. */
export interface SignatureHead {
  readonly keyid: KeyId
  readonly created: number
  readonly expires: number
  readonly nonce: string
  readonly coversBody: boolean
  readonly coversReceiver: boolean
}

/** How both forms end. */
const BY_KEY = `keyid="(ed25519:[0-9a-f]{64})";alg="ed25519";tag="grove"`
const INPUT_PATTERN = new RegExp(
  String.raw`^grove=\("@method" "@target-uri"( "content-digest")?( "grove-to")?\)` +
    String.raw`;created=(\d{1,11});expires=(\d{1,11});nonce="([0-9a-f]{32})";${BY_KEY}$`,
)

/** The head of a request's signature; undefined for what has another form. */
export function requestHead(input: string): SignatureHead | undefined {
  const [, body, receiver, created, expires, nonce = '', keyid = ''] =
    INPUT_PATTERN.exec(input) ?? []
  if (created === undefined || expires === undefined) return undefined
  return {
    keyid: keyid as KeyId,
    created: Number(created),
    expires: Number(expires),
    nonce,
    coversBody: body !== undefined,
    coversReceiver: receiver !== undefined,
  }
}

/** A request as its signature covers it. */
export interface SignedRequest {
  readonly method: string
  /** The whole URL. */
  readonly target: string
  /** At least those of the signature, by lower-case names. */
  readonly headers: Readonly<Record<string, string>>
}

/** When a request is signed, and how it is told from all others. */
interface Moment {
  /** Unix seconds. */
  readonly created: number
  /** 32 hex digits that nobody has used before. */
  readonly nonce: string
}

/** The headers that sign a request: its body, its receiver and all of its target. */
export async function signRequest(
  key: SigningKey,
  request: Pick<SignedRequest, 'method' | 'target'> & {
    readonly body?: string | undefined
    readonly to?: KeyId | undefined
  },
  { created, nonce }: Moment,
): Promise<Record<string, string>> {
  const { method, target, body, to } = request
  const headers = {
    ...(body === undefined ? {} : { [CONTENT_DIGEST]: digestOf(body) }),
    ...(to === undefined ? {} : { [GROVE_TO]: to }),
  }
  const signed = await httpbis.signMessage(
    {
      key: signerOf(key),
      name: LABEL,
      fields: ['@method', '@target-uri', ...Object.keys(headers)],
      params: ['created', 'expires', 'nonce', 'keyid', 'alg', 'tag'],
      paramValues: {
        created: new Date(created * 1_000),
        expires: new Date((created + SIGNATURE_VALID_S) * 1_000),
        nonce,
        tag: LABEL,
      },
    },
    { method, url: target, headers },
  )
  return inLowerCase(signed.headers)
}

/** Whether the signature of a request holds. What it says of itself is for others to judge. */
export async function holds({ method, target, headers }: SignedRequest, key: VerifyingKey) {
  return verified(() =>
    httpbis.verifyMessage(verifierOf(key), { method, url: target, headers: { ...headers } }),
  )
}

/** An answer as its signature covers it. */
interface SignedAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
}

const ANSWER_PATTERN = new RegExp(
  String.raw`^grove=\("@status" "content-digest"( "grove-challenge")? "signature";req\)` +
    String.raw`;created=\d{1,11};${BY_KEY}$`,
)

/** Who says to have signed an answer; undefined for what has another form. */
export function answerKey(input: string): { keyid: KeyId; isChallenge: boolean } | undefined {
  const [, challenge, keyid] = ANSWER_PATTERN.exec(input) ?? []
  return keyid === undefined
    ? undefined
    : { keyid: keyid as KeyId, isChallenge: challenge !== undefined }
}

/** The headers that sign an answer to a request, whose own signature says which one it was. */
export async function signAnswer(
  key: SigningKey,
  { status, body, challenge }: { status: number; body: string; challenge?: string | undefined },
  { signature, created }: { readonly signature: string; readonly created: number },
): Promise<Record<string, string>> {
  const headers = {
    [CONTENT_DIGEST]: digestOf(body),
    ...(challenge === undefined ? {} : { [GROVE_CHALLENGE]: challenge }),
  }
  const signed = await httpbis.signMessage(
    {
      key: signerOf(key),
      name: LABEL,
      fields: ['@status', ...Object.keys(headers), '"signature";req'],
      params: ['created', 'keyid', 'alg', 'tag'],
      paramValues: { created: new Date(created * 1_000), tag: LABEL },
    },
    { status, headers },
    asRequest(signature),
  )
  return inLowerCase(signed.headers)
}

/** Whether the signature of an answer to the request with this signature holds. */
export async function holdsAnswer(
  { status, headers }: SignedAnswer,
  signature: string,
  key: VerifyingKey,
): Promise<boolean> {
  return verified(() =>
    httpbis.verifyMessage(
      verifierOf(key),
      { status, headers: { ...headers } },
      asRequest(signature),
    ),
  )
}

/** The digest of a body (RFC 9530). */
export const digestOf = (body: string | Uint8Array): string =>
  `sha-256=:${createHash('sha256').update(body).digest('base64')}:`

/** Only the request's signature is covered by an answer, since that covers all the rest. */
const asRequest = (signature: string) => ({
  method: 'GET',
  url: '',
  headers: { [SIGNATURE]: signature },
})

const signerOf = (key: SigningKey) => ({
  id: key.peerId,
  alg: 'ed25519' as const,
  sign: (base: Buffer) => key.signHttp(base),
})

/** Times are checked by the grove's own clock. */
const verifierOf = (key: VerifyingKey) => ({
  tolerance: Number.MAX_SAFE_INTEGER,
  notAfter: Number.MAX_SAFE_INTEGER,
  keyLookup: async () => ({
    algs: ['ed25519'],
    verify: (base: Buffer, signature: Buffer) => key.verifiesHttp(base, signature),
  }),
})

/** The library throws for what it can't read: a missing header, a signature that is none. */
async function verified(verify: () => Promise<boolean | null>): Promise<boolean> {
  try {
    return (await verify()) === true
  } catch {
    return false
  }
}

const inLowerCase = (headers: Readonly<Record<string, string | string[]>>) =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]),
  )
