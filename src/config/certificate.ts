import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { GroveError } from '../core/errors.ts'

/** A certificate with its key, and until when it is good (Unix ms). */
interface DatedCertificate {
  readonly cert: Buffer
  readonly key: Buffer
  readonly until: number
}

/** How long before its end a certificate is told of. */
const TOLD_BEFORE_MS = 14 * 86_400_000

/** What is said of a certificate that has ended, or soon will; undefined for others. */
export function certificateWarning(until: number, now: number): string | undefined {
  if (until - now > TOLD_BEFORE_MS) return undefined
  const day = new Date(until).toISOString().slice(0, 10)
  return until <= now
    ? `the certificate of this grove has expired on ${day}: whoever calls it by https is refused`
    : `the certificate of this grove expires on ${day}: renew it, and restart the grove`
}

/** Tells of a certificate that has ended, or soon will. */
export function warnOfEnd(
  { until }: Pick<DatedCertificate, 'until'>,
  warn: (message: string) => void,
  now: number,
): void {
  const warning = certificateWarning(until, now)
  if (warning !== undefined) warn(warning)
}

/** The files of both, in PEM. */
interface CertificateFiles {
  readonly tlsCert?: string | undefined
  readonly tlsKey?: string | undefined
}

/** The certificate and key to serve https with, if any. Throws `usage-error`. */
export async function certificateOf({
  tlsCert,
  tlsKey,
}: CertificateFiles): Promise<DatedCertificate | undefined> {
  if (tlsCert === undefined && tlsKey === undefined) return undefined
  if (tlsCert === undefined || tlsKey === undefined)
    throw tlsError('--tls-cert and --tls-key belong together: give both')
  try {
    const [cert, key] = [await readFile(tlsCert), await readFile(tlsKey)]
    return { cert, key, until: new X509Certificate(cert).validToDate.getTime() }
  } catch (cause) {
    throw tlsError(`the certificate or its key can't be read: ${(cause as Error).message}`, cause)
  }
}

const tlsError = (message: string, cause?: unknown) =>
  new GroveError('usage-error', {}, { message, cause })
