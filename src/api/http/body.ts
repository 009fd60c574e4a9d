import { isUtf8 } from 'node:buffer'
import type { IncomingMessage } from 'node:http'
import { GroveError } from '../../core/errors.ts'

/** A request's body as it comes. Reading only a part of it leaves the connection usable for the answer. */
export function bodyOf(incoming: IncomingMessage): AsyncIterable<Uint8Array> {
  return incoming.iterator({ destroyOnReturn: false })
}

interface BodyLimit {
  readonly maxBytes: number
  /** What a longer one is called. */
  readonly code: 'body-too-large' | 'manifest-too-large'
}

/** All of a request's body. Throws the limit's code as soon as more than that was announced or came, and `aborted`. */
export function readBody(incoming: IncomingMessage, limit: BodyLimit): Promise<Buffer> {
  const { maxBytes } = limit
  if (Number(incoming.headers['content-length'] ?? 0) > maxBytes)
    return Promise.reject(tooLarge(limit))
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let sizeBytes = 0
    const settle = () => {
      incoming.off('data', onData).off('end', onEnd).off('close', onClose)
    }
    const onData = (chunk: Buffer) => {
      sizeBytes += chunk.byteLength
      chunks.push(chunk)
      if (sizeBytes <= maxBytes) return
      settle()
      reject(tooLarge(limit))
    }
    const onEnd = () => {
      settle()
      resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks))
    }
    const onClose = () => {
      settle()
      reject(new GroveError('aborted', {}, { message: 'the request ended before its body' }))
    }
    incoming.on('data', onData).on('end', onEnd).on('close', onClose)
  })
}

function tooLarge({ code, maxBytes }: BodyLimit): GroveError {
  return new GroveError(code, { maxBytes })
}

/** The JSON value that these bytes are; an empty body is an empty object. Throws `validation-error`. */
export function parseJsonBody(body: Buffer): unknown {
  if (body.byteLength === 0) return {}
  if (!isUtf8(body))
    throw new GroveError('validation-error', {}, { message: 'the body is not UTF-8' })
  try {
    return JSON.parse(body.toString('utf8'))
  } catch (cause) {
    throw new GroveError(
      'validation-error',
      {},
      { cause, message: `the body is not JSON: ${(cause as Error).message}` },
    )
  }
}
