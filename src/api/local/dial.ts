import { connect, type Socket } from 'node:net'
import type { buildConnector } from 'undici'
import { errnoOf } from '../../core/errno.ts'
import { GroveError } from '../../core/errors.ts'
import type { Clock } from '../../ports/clock.ts'
import { endpointOf, withShortPath } from './endpoint.ts'
import { directoryId, type Holder, isProof, PROOF_PATH, readHolder } from './holder.ts'

/** How long a holder may take to answer and to prove itself. A stopped process never does. */
const PROOF_TIMEOUT_MS = 10_000
const ANSWER_MAX_BYTES = 16 * 1024

export interface DialOptions {
  /** The directory whose holder is called. */
  readonly dir: string
  readonly clock: Clock
  /** Draws so many bytes that nobody can guess, in hex. */
  readonly secret: (bytes: number) => string
}

/**
 * Connects to whoever has a directory open: by its socket in the directory, else by the address
 * where it listens. Before anything is said on the connection, the other side proves that it has
 * this very directory open: the address may be another grove's by now, and the note that of a
 * copied directory. Throws `server-unreachable` if nobody proves it, and `storage-locked` if the
 * holder doesn't answer.
 */
export async function dialHolder(options: DialOptions): Promise<Socket> {
  const holder = await readHolder(options.dir)
  if (holder === undefined) throw nobody(options.dir)
  const socket = await reach(holder, options).catch((cause: unknown) => {
    throw nobody(options.dir, cause)
  })
  try {
    await prove(socket, holder, options)
    return socket
  } catch (error) {
    socket.destroy()
    throw error
  }
}

/** The same for connections of undici. */
export function holderConnector(options: DialOptions): buildConnector.connector {
  return (_, callback) => {
    dialHolder(options).then(
      (socket) => callback(null, socket),
      (error: Error) => callback(error, null),
    )
  }
}

async function reach({ socket, url }: Holder, { dir, clock }: DialOptions): Promise<Socket> {
  try {
    if (socket === undefined) throw new Error('the holder has no socket')
    const endpoint = endpointOf(dir, socket)
    return await withShortPath(endpoint, (path) => connected(connect({ path }), clock))
  } catch (error) {
    if (url === undefined) throw error
    const { hostname, port } = new URL(url)
    const host = hostname.replace(/^\[|\]$/g, '')
    return connected(connect({ host, port: Number(port) }), clock)
  }
}

/** A note may name an address of another network, which takes connections and never answers. */
function connected(socket: Socket, clock: Clock): Promise<Socket> {
  const cancel = clock.after(PROOF_TIMEOUT_MS, () => {
    socket.destroy(new Error('it takes no connection'))
  })
  const attempt = new Promise<Socket>((resolve, reject) => {
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.off('error', reject)
      resolve(socket.setNoDelay(true))
    })
  })
  return attempt.finally(cancel)
}

async function prove(
  socket: Socket,
  holder: Holder,
  { dir, clock, secret }: DialOptions,
): Promise<void> {
  const nonce = secret(16)
  const proven = { ...holder, directory: await directoryId(dir) }
  let isLate = false
  const cancel = clock.after(PROOF_TIMEOUT_MS, () => {
    isLate = true
    socket.destroy()
  })
  try {
    socket.write(`GET ${PROOF_PATH}?nonce=${nonce} HTTP/1.1\r\nhost: localhost\r\n\r\n`)
    const { proof } = JSON.parse(await answerOn(socket)) as { proof?: unknown }
    if (!isProof(proof, proven, nonce)) throw new Error('the proof is wrong')
  } catch (cause) {
    throw isLate ? silent(dir, holder, cause) : nobody(dir, cause)
  } finally {
    cancel()
  }
}

/** The body of the one answer on a connection. Nothing else of the connection is read. */
function answerOn(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    const settle = (end: () => void) => {
      socket.off('readable', onReadable).off('error', onEnd).off('close', onEnd).off('end', onEnd)
      end()
    }
    const onEnd = () => settle(() => reject(new Error('the connection ended')))
    const onReadable = () => {
      text += (socket.read() as Buffer | null)?.toString('latin1') ?? ''
      const body = wholeBody(text)
      if (body !== undefined) settle(() => resolve(body))
      else if (text.length > ANSWER_MAX_BYTES)
        settle(() => reject(new Error('it answers too much')))
    }
    socket.on('readable', onReadable).on('error', onEnd).on('close', onEnd).on('end', onEnd)
  })
}

/** The body of an HTTP answer of known length; undefined until all of it is there. */
function wholeBody(text: string): string | undefined {
  const [head = '', ...rest] = text.split('\r\n\r\n')
  if (rest.length === 0) return undefined
  const length = Number(/^content-length: *(\d+)\r?$/im.exec(head)?.[1] ?? 0)
  const body = rest.join('\r\n\r\n')
  return body.length < length ? undefined : body.slice(0, length)
}

function nobody(dir: string, cause?: unknown): GroveError {
  const details = { dir, ...(errnoOf(cause) !== '' && { errno: errnoOf(cause) }) }
  const message = `no process that has ${dir} open answers`
  return new GroveError('server-unreachable', details, { cause, message })
}

function silent(dir: string, { pid, role }: Holder, cause: unknown): GroveError {
  const message = `process ${pid} (${role}) has ${dir} open and does not answer: end it`
  return new GroveError('storage-locked', { dir, pid }, { cause, message })
}
