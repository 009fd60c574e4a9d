import { hash } from 'node:crypto'
import type { KeyId, SigningKey, VerifyingKey } from '../core/identity/ed25519.ts'

/**
 * Signatures of requests between groves and of their answers (RFC 9421), with digests of bodies
 * (RFC 9530). There is one form, and whatever has another is no signature: so nothing that a sender
 * writes can be read in two ways. The form is fixed, so its base is put together here: a library
 * that parses and serialises structured fields takes ten times as long, and what it makes of the
 * same messages is what the tests compare with.
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

/** A number has one form, too: no zeros before its first digit. */
const SECONDS = String.raw`(?:0|[1-9]\d{0,10})`
/** How both forms end. */
const BY_KEY = `keyid="(ed25519:[0-9a-f]{64})";alg="ed25519";tag="grove"`
const INPUT_PATTERN = new RegExp(
  String.raw`^grove=\("@method" "@target-uri"( "content-digest")?( "grove-to")?\)` +
    `;created=(${SECONDS});expires=(${SECONDS});nonce="([0-9a-f]{32})";${BY_KEY}$`,
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
  const digest = body === undefined ? undefined : digestOf(body)
  const fields = [
    '"@method" "@target-uri"',
    ...(digest === undefined ? [] : [`"${CONTENT_DIGEST}"`]),
    ...(to === undefined ? [] : [`"${GROVE_TO}"`]),
  ]
  const times = `created=${created};expires=${created + SIGNATURE_VALID_S}`
  const params = `(${fields.join(' ')});${times};nonce="${nonce}";${byKey(key)}`
  const base = requestBase({ method, target, digest, to }, params)
  return {
    ...(digest === undefined ? {} : { [CONTENT_DIGEST]: digest }),
    ...(to === undefined ? {} : { [GROVE_TO]: to }),
    ...(await signedBy(key, base, params)),
  }
}

/** Whether the signature of a request holds. What it says of itself is for others to judge. */
export async function holds(
  { method, target, headers }: SignedRequest,
  key: VerifyingKey,
): Promise<boolean> {
  const input = headers[SIGNATURE_INPUT] ?? ''
  const head = requestHead(input)
  const digest = head?.coversBody === true ? headers[CONTENT_DIGEST] : undefined
  const to = head?.coversReceiver === true ? headers[GROVE_TO] : undefined
  const isComplete = head?.coversBody === (digest !== undefined)
  if (!isComplete || head?.coversReceiver !== (to !== undefined)) return false
  if (![target, digest, to].every(isOneLine)) return false
  const params = input.slice(LABEL.length + 1)
  return verified(key, requestBase({ method, target, digest, to }, params), headers)
}

/** What a request's signature covers, and what it says of itself, as one text (RFC 9421 §2.5). */
function requestBase(
  { method, target, digest, to }: Record<'method' | 'target', string> & Covered,
  params: string,
): string {
  const receiver = to === undefined ? '' : `"${GROVE_TO}": ${to.trim()}\n`
  const body = digest === undefined ? '' : `"${CONTENT_DIGEST}": ${digest.trim()}\n`
  const head = `"@method": ${method.toUpperCase()}\n"@target-uri": ${target}\n`
  return `${head}${body}${receiver}"@signature-params": ${params}`
}

/** The headers that a request's signature may cover. */
interface Covered {
  readonly digest: string | undefined
  readonly to: string | undefined
}

/** An answer as its signature covers it. */
interface SignedAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
}

const ANSWER_PATTERN = new RegExp(
  String.raw`^grove=\("@status" "content-digest"( "grove-challenge")? "signature";req\)` +
    `;created=${SECONDS};${BY_KEY}$`,
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
  const digest = digestOf(body)
  const told = challenge === undefined ? '' : ` "${GROVE_CHALLENGE}"`
  const fields = `("@status" "${CONTENT_DIGEST}"${told} "${SIGNATURE}";req)`
  const params = `${fields};created=${created};${byKey(key)}`
  const base = answerBase({ status, digest, challenge, signature }, params)
  return {
    [CONTENT_DIGEST]: digest,
    ...(challenge === undefined ? {} : { [GROVE_CHALLENGE]: challenge }),
    ...(await signedBy(key, base, params)),
  }
}

/** Whether the signature of an answer to the request with this signature holds. */
export async function holdsAnswer(
  { status, headers }: SignedAnswer,
  signature: string,
  key: VerifyingKey,
): Promise<boolean> {
  const input = headers[SIGNATURE_INPUT] ?? ''
  const said = answerKey(input)
  const digest = headers[CONTENT_DIGEST]
  const challenge = said?.isChallenge === true ? headers[GROVE_CHALLENGE] : undefined
  if (digest === undefined || said?.isChallenge !== (challenge !== undefined)) return false
  if (![digest, challenge, signature].every(isOneLine)) return false
  const params = input.slice(LABEL.length + 1)
  return verified(key, answerBase({ status, digest, challenge, signature }, params), headers)
}

/** Only the request's signature is covered by an answer, since that covers all the rest. */
function answerBase({ status, digest, challenge, signature }: AnswerParts, params: string): string {
  const told = challenge === undefined ? '' : `"${GROVE_CHALLENGE}": ${challenge.trim()}\n`
  const head = `"@status": ${status}\n"${CONTENT_DIGEST}": ${digest.trim()}\n`
  const asked = `"${SIGNATURE}";req: ${signature.trim()}\n`
  return `${head}${told}${asked}"@signature-params": ${params}`
}

/** An answer, and the signature of its request. */
interface AnswerParts {
  readonly status: number
  readonly digest: string
  readonly challenge: string | undefined
  readonly signature: string
}

/** The digest of a body (RFC 9530). */
export const digestOf = (body: string | Uint8Array): string =>
  `sha-256=:${hash('sha256', body, 'base64')}:`

const byKey = ({ peerId }: SigningKey) => `keyid="${peerId}";alg="ed25519";tag="${LABEL}"`

async function signedBy(
  key: SigningKey,
  base: string,
  params: string,
): Promise<Record<string, string>> {
  const signature = await key.signHttp(Buffer.from(base))
  return {
    [SIGNATURE]: `${LABEL}=:${signature.toString('base64')}:`,
    [SIGNATURE_INPUT]: `${LABEL}=${params}`,
  }
}

/** Else one component of a base could pass for several. */
const isOneLine = (value = ''): boolean => !/[\r\n]/.test(value)

/** 64 bytes in the one base64 text of them: the last digit has four bits that are 0. */
const VALUE_PATTERN = /^grove=:([A-Za-z0-9+/]{85}[AQgw]==):$/

async function verified(
  key: VerifyingKey,
  base: string,
  headers: Readonly<Record<string, string>>,
): Promise<boolean> {
  const [, value] = VALUE_PATTERN.exec(headers[SIGNATURE] ?? '') ?? []
  return value !== undefined && key.verifiesHttp(Buffer.from(base), Buffer.from(value, 'base64'))
}
