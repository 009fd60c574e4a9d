/** Signs that a file is a secret: what people publish by accident and regret. */

/** So much from the start of a file is looked at. Keys are shorter. */
export const HEAD_BYTES = 64 * 1024

/** Whether a file is a private key (`key`), or may hold a secret (`suspect`). Pure. */
export function secretSign(path: string, head: Uint8Array): 'key' | 'suspect' | undefined {
  const name = path.slice(path.lastIndexOf('/') + 1)
  const text = textOf(head)
  if (isKeyName(name) || isKeyText(text)) return 'key'
  return suspectName.test(name) || hasToken(text) ? 'suspect' : undefined
}

/** The names of ssh's keys, and formats that exist to hold private keys. */
function isKeyName(name: string): boolean {
  if (/\.pub$/i.test(name)) return false
  return (
    /^id_(?:rsa|dsa|ecdsa|ed25519)(?:_sk)?(?:[-_.].*)?$/i.test(name) ||
    /\.(?:p12|pfx|pkcs12|ppk|jks|jceks|keystore|kdbx?)$/i.test(name) ||
    /^secring\.(?:gpg|pgp)$/i.test(name)
  )
}

/** Names that people give to secrets. */
const suspectName = new RegExp(
  [
    /^(?:.*[-_.])?credentials?(?:\.(?:json|ya?ml|toml|ini|csv|txt|db))?$/,
    /^(?:.*[-_.])?secrets?\.(?:json|ya?ml|toml|ini|env|txt)$/,
    /^(?:.*[-_.])?service[-_]?account.*\.json$/,
    /^.*\.env(?:\.(?!example|sample|template|dist)\w+)?$/,
    /^(?:_netrc|wallet\.dat|.+\.(?:key|ovpn|tfstate))$/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'i',
)

/** Tokens with a form of their own. Each begins with letters that few files have. */
const tokens: readonly (readonly [start: string, pattern: RegExp])[] = [
  ['AKIA', /\bAKIA[A-Z2-7]{16}\b/],
  ['ASIA', /\bASIA[A-Z2-7]{16}\b/],
  ['secret_access_key', /secret_access_key["']?\s*[=:]\s*["']?[\w/+=]{40}/],
  ['SECRET_ACCESS_KEY', /SECRET_ACCESS_KEY["']?\s*[=:]\s*["']?[\w/+=]{40}/],
  ['gh', /\bgh[opsur]_[A-Za-z0-9]{36}/],
  ['github_pat_', /\bgithub_pat_[A-Za-z0-9_]{60}/],
  ['glpat-', /\bglpat-[\w-]{20}/],
  ['xox', /\bxox[abposr]-[\w-]{20}/],
  ['AIza', /\bAIza[\w-]{35}\b/],
  ['k_live_', /\b[rs]k_live_[A-Za-z0-9]{20}/],
  ['sk-', /\bsk-[\w-]{32}/],
  ['hf_', /\bhf_[A-Za-z]{34}\b/],
  ['grove_', /\bgrove_[0-9a-f]{12}_[\w-]{43}/],
]

const hasToken = (text: string): boolean =>
  tokens.some(([start, pattern]) => text.includes(start) && pattern.test(text))

/** A file's text, also if it is UTF-16: NULs are left out. */
function textOf(head: Uint8Array): string {
  const length = Math.min(head.byteLength, HEAD_BYTES)
  const text = Buffer.from(head.buffer, head.byteOffset, length).toString('latin1')
  return text.includes('\0') ? text.replaceAll('\0', '') : text
}

/**
 * Whether a text holds a private key: one in armour with enough base64 inside, so that a page that
 * only mentions keys is none, one of PuTTY, age, minisign or signify.
 */
function isKeyText(text: string): boolean {
  if (text.startsWith('PuTTY-User-Key-File-') && text.includes('Private-Lines:')) return true
  if (text.includes('AGE-SECRET-KEY-') && /\bAGE-SECRET-KEY-(?:PQ-)?1[A-Z0-9]{50}/.test(text))
    return true
  if (/^untrusted comment: .*secret key.*\n[A-Za-z0-9+/=]{60}/.test(text)) return true
  if (!text.includes('PRIVATE KEY')) return false
  const begin = /-{4,5} ?BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)? ?-{4,5}/g
  for (const { 0: line, index } of text.matchAll(begin))
    if (isArmoured(text.slice(index + line.length))) return true
  return false
}

/** The fewest characters of base64 in a private key: those of Ed25519 have 64. */
const KEY_MIN_CHARS = 60

/** Whether base64 follows, also in a string of a program or JSON, up to the end of the armour. */
function isArmoured(text: string): boolean {
  const end = text.search(/-{4,5} ?END /)
  const inside = (end < 0 ? text : text.slice(0, end))
    .replace(/\\[nr]/g, '\n')
    .replace(/^[ \t"'`>*#/]*[A-Z][\w-]*: .*$/gm, '')
    .replace(/[\s"'`,\\>*#]/g, '')
  return /^[A-Za-z0-9+/=]*$/.test(inside) && inside.length >= KEY_MIN_CHARS
}
