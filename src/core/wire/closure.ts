import { canonicalText } from '../canonical.ts'
import { type Attestation, attestationsSchema } from '../contribution/attestation.ts'
import { readAs } from '../issues.ts'
import { ATTESTATION_MAX_BYTES, ATTESTATIONS_MAX, MANIFEST_MAX_BYTES } from '../limits.ts'

/**
 * The lines of a closure (PROTOCOL.md#closure) have one of two forms. The first is the bare
 * manifest. The second is a record:
 *
 *   {"attestations":[…],"manifest":<the manifest's canonical bytes>,"size":<their number>}
 *
 * A reader cuts the manifest out by its size, counted from the end of the line, and hashes it as it
 * came. It searches for no text, so that nothing inside an attestation or a manifest can move the
 * cut. The part before the manifest must be a JSON array by itself, and the manifest must be
 * canonical JSON with an expected hash. So any JSON parser finds the same parts in the line.
 */

/** The header by which a request accepts records, and by which a response says that it has some. */
export const CLOSURE_FORM_HEADER = 'grove-closure'
/** The form of the lines, as that header names it. Without the header they are bare manifests. */
export const CLOSURE_RECORDS = 'records-1'

/** A manifest and its attestations, not verified. */
export interface ClosureRecord {
  readonly bytes: Uint8Array
  readonly attestations: readonly Attestation[]
}

const HEAD = Buffer.from('{"attestations":')
const MIDDLE = Buffer.from(',"manifest":')
const TAIL_MAX_BYTES = ',"size":}'.length + String(MANIFEST_MAX_BYTES).length

/** Bytes of the longest line in either form, without its line end. */
export const CLOSURE_LINE_MAX_BYTES =
  HEAD.byteLength +
  ATTESTATIONS_MAX * (ATTESTATION_MAX_BYTES + 1) +
  MIDDLE.byteLength +
  MANIFEST_MAX_BYTES +
  TAIL_MAX_BYTES

/** A record as a line without its line end: canonical JSON, if `bytes` are. */
export function recordLine({ bytes, attestations }: ClosureRecord): Uint8Array {
  const tail = Buffer.from(`,"size":${bytes.byteLength}}`)
  return Buffer.concat([HEAD, Buffer.from(canonicalText(attestations)), MIDDLE, bytes, tail])
}

/** The record in a line; undefined if the line has another form. `bytes` is a view of the line. */
export function recordOf(line: Buffer): ClosureRecord | undefined {
  const tail = /,"size":(\d{1,7})\}$/.exec(line.toString('latin1', line.length - TAIL_MAX_BYTES))
  if (tail === null) return undefined
  const end = line.length - tail[0].length
  const start = end - Number(tail[1])
  const middle = start - MIDDLE.byteLength
  if (middle < HEAD.byteLength || !line.subarray(0, HEAD.byteLength).equals(HEAD)) return undefined
  if (!line.subarray(middle, start).equals(MIDDLE)) return undefined
  const attestations = attestationsOf(line.toString('utf8', HEAD.byteLength, middle))
  return attestations === undefined ? undefined : { bytes: line.subarray(start, end), attestations }
}

/**
 * The header by which a request for a manifest asks for small things that go with it, in the same
 * answer (PROTOCOL.md#along), and by which the answer says that it has them.
 */
export const ALONG_HEADER = 'grove-along'
/** The form of such an answer, as that header names it. */
export const ALONG_LINES = 'lines-1'
/** Bytes of all artifacts that come along with a manifest, and of all lines of its closure. */
export const ALONG_MAX_BYTES = 64 * 1024

/** What is to come along with a manifest. */
export interface AlongRequest {
  /** Steps along `derives_from`, of the closure. */
  readonly ancestors: number
  /** Of all artifacts together. */
  readonly artifactBytes: number
}

const ALONG_PATTERN = /^ancestors=(\d{1,2});artifacts=(\d{1,6})$/

export const alongText = ({ ancestors, artifactBytes }: AlongRequest): string =>
  `ancestors=${ancestors};artifacts=${artifactBytes}`

/** What a header asks for; undefined if it has another form, which a later version may have. */
export function alongIn(header = ''): AlongRequest | undefined {
  const [, ancestors, artifacts] = ALONG_PATTERN.exec(header) ?? []
  if (ancestors === undefined) return undefined
  return {
    ancestors: Number(ancestors),
    artifactBytes: Math.min(ALONG_MAX_BYTES, Number(artifacts)),
  }
}

const ARTIFACT_HEAD = '{"artifact":"'
const ARTIFACT_TAIL = '"}'

/** An artifact as a line without its line end. Which one it is, its hash says. */
export const artifactLine = (bytes: Uint8Array): Buffer =>
  Buffer.from(ARTIFACT_HEAD + Buffer.from(bytes).toString('base64') + ARTIFACT_TAIL)

/** The artifact in a line; undefined if the line has another form. */
export function artifactOf(line: Buffer): Buffer | undefined {
  const text = line.toString('latin1', ARTIFACT_HEAD.length, line.length - ARTIFACT_TAIL.length)
  const bytes = Buffer.from(text, 'base64')
  return artifactLine(bytes).equals(line) ? bytes : undefined
}

function attestationsOf(text: string): readonly Attestation[] | undefined {
  try {
    return readAs(attestationsSchema, JSON.parse(text)).data
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
