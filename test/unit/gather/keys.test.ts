import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { classify } from '../../../src/gather/classify.ts'
import { secretSign } from '../../../src/gather/keys.ts'

const sign = (path: string, text: string | Buffer = '') => secretSign(path, Buffer.from(text))
const pem = generateKeyPairSync('ed25519', {
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
})
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({
  type: 'pkcs1',
  format: 'pem',
  cipher: 'aes-256-cbc',
  passphrase: 'x',
})
const base64 = 'bGlrZSB0aGUgYm9keSBvZiBhIGtleSwgbGlrZSB0aGUgYm9keSBvZiBhIGtleS4='
const armour = (title: string, body = base64) =>
  `-----BEGIN ${title}-----\n${body}\n-----END ${title}-----\n`

test('a private key is known by its name', () => {
  for (const name of [
    'id_rsa',
    'deploy/id_ed25519',
    'id_ecdsa_sk',
    'id_rsa.old',
    'a.p12',
    'A.PFX',
    'login.ppk',
    'x.jks',
    'x.keystore',
    'secring.gpg',
  ])
    assert.equal(sign(name), 'key', name)
  for (const name of ['id_rsa.pub', 'id_ed25519.pub', 'grid_rsa', 'x.pem', 'key.py', 'keystore.ts'])
    assert.equal(sign(name), undefined, name)
})

test('a private key is known by its content, in a program and in UTF-16 too', () => {
  const texts = [
    pem.privateKey,
    rsa.toString(),
    `a certificate\n${pem.publicKey}${pem.privateKey}`,
    armour('OPENSSH PRIVATE KEY'),
    armour('PGP PRIVATE KEY BLOCK', `Version: x\n\n${base64}\n=abcd`),
    `---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\n${base64}\n---- END SSH2 ENCRYPTED PRIVATE KEY ----`,
    `-----BEGIN RSA PRIVATE KEY-----\n${base64.repeat(2_000)}`,
    JSON.stringify({ private_key: pem.privateKey }),
    `const key = '-----BEGIN PRIVATE KEY-----\\n' +\n  '${base64}\\n' +\n  '-----END PRIVATE KEY-----'`,
    pem.privateKey.replaceAll('\n', '\r\n'),
    `PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nPrivate-Lines: 1\nx\n`,
    `AGE-SECRET-KEY-1${'Q'.repeat(58)}`,
    `untrusted comment: minisign encrypted secret key\n${base64}\n`,
  ]
  for (const text of texts) assert.equal(sign('notes.txt', text), 'key', text.slice(0, 80))
  assert.equal(sign('x', Buffer.from(`\ufeff${pem.privateKey}`, 'utf16le')), 'key')
})

test('what only speaks of keys, and a public key, is none', () => {
  for (const text of [
    'It starts with -----BEGIN PRIVATE KEY----- and ends with -----END PRIVATE KEY-----.',
    '-----BEGIN PRIVATE KEY-----\n…\n-----END PRIVATE KEY-----',
    'const pattern = /-----BEGIN [A-Z ]*PRIVATE KEY-----[^]*?-----END/',
    pem.publicKey,
    armour('CERTIFICATE'),
    armour('PGP PUBLIC KEY BLOCK'),
  ])
    assert.equal(sign('a.md', text), undefined, text)
})

test('what may be a secret is suspect', () => {
  for (const name of [
    'credentials.json',
    'client_secrets.json',
    'secrets.yaml',
    'prod.env',
    '.env',
    '.env.local',
    'server.key',
    'my-service-account-1.json',
  ])
    assert.equal(sign(name), 'suspect', name)
  for (const text of [
    `aws_secret_access_key = ${'x'.repeat(40)}`,
    `key: AKIA${'A'.repeat(16)}`,
    `token = ghp_${'a'.repeat(36)}`,
    `export KEY=sk-${'a'.repeat(40)}`,
    `GROVE_TOKEN=grove_${'0'.repeat(12)}_${'a'.repeat(43)}`,
  ])
    assert.equal(sign('config.py', text), 'suspect', text)
  for (const name of ['.env.example', 'environment.yml', 'secret.ts', 'tokens.json', 'keys.md'])
    assert.equal(sign(name), undefined, name)
})

test('a file is classified by its path and its start', () => {
  const text = Buffer.from('x')

  assert.deepEqual(classify('a/b.py', text), {})
  assert.deepEqual(classify('a/.b/c', text), { reason: 'hidden' })
  assert.deepEqual(classify('.env', text), { reason: 'hidden' })
  assert.deepEqual(classify('.env', text, { isNamed: true }), { isSuspect: true })
  assert.deepEqual(classify('.ssh/id_rsa', text, { isNamed: true }), { reason: 'private key' })
  assert.deepEqual(classify('a..b/c.', text), {})
})
