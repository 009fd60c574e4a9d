import { errnoOf } from '../errno.ts'

const UNTRUSTED =
  'nobody whom this machine trusts has signed its certificate: NODE_EXTRA_CA_CERTS names a file ' +
  'with the certificate of whoever has'

const NO_HTTPS = 'that port does not speak https: write http://, or another port'

/** What failed, by the codes of Node and OpenSSL. */
const troubles: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: UNTRUSTED,
  SELF_SIGNED_CERT_IN_CHAIN: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNTRUSTED,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNTRUSTED,
  CERT_HAS_EXPIRED: 'its certificate has expired, or the clock of this machine is wrong',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet, or the clock of this machine is wrong',
  CERT_REVOKED: 'its certificate was revoked',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name: call it by that name',
  ERR_SSL_WRONG_VERSION_NUMBER: NO_HTTPS,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: NO_HTTPS,
}

/** Why no https connection came about, for people; undefined where that is not what failed. */
export function tlsTrouble(cause: unknown): string | undefined {
  const errno = errnoOf(cause)
  const trouble = troubles[errno]
  return trouble === undefined ? undefined : `${trouble} (${errno})`
}
