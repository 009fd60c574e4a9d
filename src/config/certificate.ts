import { readFile } from 'node:fs/promises'
import { GroveError } from '../core/errors.ts'

/** The files of both, in PEM. */
interface CertificateFiles {
  readonly tlsCert?: string | undefined
  readonly tlsKey?: string | undefined
}

/** The certificate and key to serve https with, if any. Throws `usage-error`. */
export async function certificateOf({
  tlsCert,
  tlsKey,
}: CertificateFiles): Promise<{ readonly cert: Buffer; readonly key: Buffer } | undefined> {
  if (tlsCert === undefined && tlsKey === undefined) return undefined
  if (tlsCert === undefined || tlsKey === undefined)
    throw tlsError('--tls-cert and --tls-key belong together: give both')
  try {
    return { cert: await readFile(tlsCert), key: await readFile(tlsKey) }
  } catch (cause) {
    throw tlsError(`the certificate or its key can't be read: ${(cause as Error).message}`, cause)
  }
}

const tlsError = (message: string, cause?: unknown) =>
  new GroveError('usage-error', {}, { message, cause })
