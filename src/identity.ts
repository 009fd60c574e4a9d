import { z } from 'zod'
import { GroveError, isGroveError } from './core/errors.ts'
import { isKeyId, SECRET_BYTES, SigningKey } from './core/identity/ed25519.ts'
import { keyIdSchema, ROTATIONS_MAX, rotate, rotationSchema } from './core/identity/rotation.ts'
import { timestamp } from './core/time.ts'
import type { FormerIds } from './node/config.ts'
import type { Log } from './ports/log.ts'
import type { Stores } from './ports/stores.ts'
import { secretHex } from './runtime/secret.ts'

/**
 * Who a grove is. The key is beside the stores, for its user alone. The records say which key it
 * was, so that a loss shows: a backup has the records, and not the key.
 */

/** A grove's key, and by which ids others may still know it. */
export interface OwnIdentity extends FormerIds {
  readonly key: SigningKey
}

type Kept = Pick<Stores, 'keys' | 'records'>

/** What the records say of the key. */
const noteSchema = z.object({
  peerId: keyIdSchema,
  rotations: z.array(rotationSchema).max(ROTATIONS_MAX),
  /** The one before, which was lost or replaced: a command told, and a server is still to tell. */
  lost: keyIdSchema.optional(),
})
type Note = z.infer<typeof noteSchema>

interface OpeningOptions {
  readonly log: Log
  /** Whether its log is read later, too. Default: it is a command's, which may be thrown away. */
  readonly isServer?: boolean
}

/**
 * The grove's identity. The first start makes a key. One that can't be kept, as on a full disk, is
 * used all the same, for this time. A key that was lost or replaced is told of at once, and by the
 * next server. Throws `refused` where others could have the key, and `storage-failed` where its
 * file has none.
 */
export async function openIdentity(
  stores: Kept,
  { log, isServer = false }: OpeningOptions,
): Promise<OwnIdentity> {
  const note = await noteIn(stores)
  await settleRotation(stores, note)
  const pem = await stores.keys.read()
  const key = pem === undefined ? newKey() : keyOf(pem)
  const { peerId } = key
  const isOther = note !== undefined && note.peerId !== peerId
  const rotations = isOther ? [] : (note?.rotations ?? [])
  const lost = isOther ? note.peerId : note?.lost
  const isKept = pem !== undefined || (await isDone(stores.keys.keep(key.toPem()), log, UNKEPT))
  const untold = isServer ? undefined : lost
  if (isKept && (note?.peerId !== peerId || note.lost !== untold))
    await isDone(keepNote(stores, { peerId, rotations, lost: untold }), log, UNNOTED)
  if (lost !== undefined && (isOther || isServer)) log.warn(OTHER_KEY, { peerId, before: lost })
  const formerly = await idWithoutKey(stores)
  return { key, rotations, ...(formerly !== undefined && { formerly }) }
}

const OTHER_KEY =
  'the key of the grove is another than before: others take it for another grove; where its ' +
  'identity.pem was lost, stop it and put that back from a copy'
const UNKEPT = 'the key of the grove could not be kept: it has another at the next start'
const UNNOTED = 'which key the grove has could not be noted: nothing would tell that it was lost'

/** Whether something was stored. What failed is a warning, since the grove goes on without it. */
async function isDone(step: Promise<void>, log: Log, warning: string): Promise<boolean> {
  try {
    await step
    return true
  } catch (err) {
    if (!isGroveError(err)) throw err
    log.warn(warning, { err })
    return false
  }
}

/**
 * Gives the grove a new key, which the one before names and which names it. Whenever the process
 * ends, the grove has one of the two, and its records agree.
 */
export async function rotateIdentity(
  stores: Kept,
  { key: before, ...former }: OwnIdentity,
  now: number,
): Promise<OwnIdentity> {
  const key = newKey()
  const rotation = rotate(before, key, timestamp(now))
  const rotations = [...former.rotations, rotation].slice(-ROTATIONS_MAX)
  await stores.keys.prepare(key.toPem())
  await keepNote(stores, { peerId: key.peerId, rotations })
  await stores.keys.settle('take')
  return { ...former, key, rotations }
}

/** Completes a rotation that a kill has cut off, or drops what there is of it. */
async function settleRotation({ keys }: Kept, note: Note | undefined): Promise<void> {
  const pem = await keys.prepared()
  if (pem === undefined) return
  const isNoted = note !== undefined && SigningKey.fromPem(pem)?.peerId === note.peerId
  await keys.settle(isNoted ? 'take' : 'drop')
}

function keyOf(pem: string): SigningKey {
  const key = SigningKey.fromPem(pem)
  if (key !== undefined) return key
  const message =
    'identity.pem holds no Ed25519 key (PKCS#8): put it back from a copy, or move it away; ' +
    'the grove then gets a new key, and is another one to others'
  throw new GroveError('storage-failed', {}, { message })
}

const newKey = () => SigningKey.fromSecret(Buffer.from(secretHex(SECRET_BYTES), 'hex'))

async function noteIn({ records }: Kept): Promise<Note | undefined> {
  return noteSchema.safeParse(await records.get('grove', 'identity')).data
}

const keepNote = ({ records }: Kept, { lost, ...note }: Note): Promise<void> =>
  records.set('grove', 'identity', { ...note, ...(lost !== undefined && { lost }) })

/** The id that the grove drew before groves had keys. */
async function idWithoutKey({ records }: Kept): Promise<string | undefined> {
  const peerId = (await records.get('grove', 'self'))?.['peerId']
  return typeof peerId === 'string' && !isKeyId(peerId) ? peerId : undefined
}
