/** What mutations put in: characters and words at which parsers are known to fail. */

const HASH = 'ab'.repeat(32)

/** Pieces of text. */
export const pieces: readonly string[] = [
  ...['', ' ', '\0', '\n', '\r\n', '\r', '\t', '"', "'", '\\', '\\"', '/', '//', '..', '../', './'],
  ...[',', ';', ':', '=', '&', '?', '#', '@', '%', '%00', '%2e', '%2F', '%ff', '%zz', '%', '+'],
  ...['-', '--', '_', '*', '.', '<', '>', '(', ')', '[', ']', '{', '}', '[[', '{{', ']]', '}}'],
  ...['0', '-0', '1', '-1', '00', '0x7f', '1e999', '1e-999', '0.1', '١', '０', 'NaN', 'Infinity'],
  ...['2147483648', '4294967296', '9007199254740993', '18446744073709551616', '9'.repeat(40)],
  ...['null', 'true', 'false', '{}', '[]', '""', '__proto__', 'constructor', 'toString'],
  ...['\u00e9', 'e\u0301', '\u{1f600}', '\u2028', '\u202e', '\ufeff', '\ufffd', 'ſ', 'ß', 'İ'],
  ...['-u', '-u00-', '-udc80-', 'x-u-', '\u007f', '\u0085', 'ά\u0345'],
  ...[`blake3:${HASH}`, `ed25519:${HASH}`, HASH, 'blake3:', 'ed25519:', 'http://', 'https://h'],
  ...['127.0.0.1', '[::1]', '::ffff:7f00:1', 'localhost', 'xn--', 'a.b'],
  ...['2026-01-01T00:00:00Z', '-271821-04-20', '+275760-09-13T00:00:00.001Z', '23:59:60'],
  ...['bytes=0-', 'bytes=-1', 'gzip', 'W/"', 'grove_', 'records-1', 'data:', 'id:', '\n\n'],
]

/** Sequences of bytes that are no UTF-8. */
export const rawBytes: readonly Uint8Array[] = [
  Uint8Array.of(0xff),
  Uint8Array.of(0xc0, 0x80),
  Uint8Array.of(0xed, 0xa0, 0x80),
  Uint8Array.of(0xf4, 0x90, 0x80, 0x80),
  Uint8Array.of(0xe2, 0x82),
  Uint8Array.of(0xef, 0xbb, 0xbf),
]

/** Values in the place of other values. */
export const values: readonly unknown[] = [
  ...[null, true, false, 0, -0, -1, 1.5, 2 ** 31, 2 ** 53, 2 ** 53 + 2, 1e308, 5e-324, 1e21],
  ...['', ' ', '\0', '\ud800', '__proto__', 'x'.repeat(300), `blake3:${HASH}`, '9'.repeat(30)],
  ...[[], {}, [null], [[]], { a: {} }, { toString: 1, valueOf: 1 }, { length: -1 }],
  { constructor: { prototype: null } },
  JSON.parse('{"__proto__":{"polluted":true}}'),
  { hasOwnProperty: null, isPrototypeOf: null },
  Array.from({ length: 200 }, (_, index) => index),
]
