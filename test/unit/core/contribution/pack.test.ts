import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { hashBytes } from '../../../../src/core/cid.ts'
import { isPath, nameOf } from '../../../../src/core/contribution/names.ts'
import {
  OWN_MAX,
  OWN_MIN_BYTES,
  PARTS_MAX,
  type PackFile,
  type PackPlan,
  planPack,
} from '../../../../src/core/contribution/pack.ts'
import { IndexReader, type PackIndex } from '../../../../src/core/contribution/pack-index.ts'
import { withCode } from '../../../support/errors.ts'

const hashOf = (text: string) => hashBytes(Buffer.from(text))
const file = (path: string, text: string, sizeBytes = text.length): PackFile => ({
  name: nameOf(path),
  hash: hashOf(text),
  sizeBytes,
})

/** Many small files, and contents that some of them share. */
const tree = (count: number) =>
  Array.from({ length: count }, (_, at) => file(`src/模块 ${at % 7}/f${at}.py`, `text ${at % 900}`))

function read(index: Uint8Array, chunkBytes = index.byteLength): PackIndex {
  const reader = new IndexReader(index.byteLength)
  for (let at = 0; at < index.byteLength; at += chunkBytes)
    reader.push(index.subarray(at, at + chunkBytes))
  return reader.finish()
}

const entriesOf = (index: PackIndex) =>
  Array.from({ length: index.count }, (_, at) => index.entry(at))
const namesOf = ({ parts }: PackPlan) => parts.map((part) => part.map(({ name }) => name).join())

test('the packs in the vectors have their recorded index and parts', () => {
  const { packs } = JSON.parse(
    readFileSync(new URL('../../../../spec/vectors/packs.json', import.meta.url), 'utf8'),
  ) as {
    packs: {
      files: { path: string; mode: string; text?: string; zeros?: number; symlink?: string }[]
      index: string
      parts: string[]
    }[]
  }

  for (const { files, index, parts } of packs) {
    const contents = new Map<string, Buffer>()
    const packed = files.map(({ path, mode, text = '', zeros, symlink }): PackFile => {
      if (symlink !== undefined) return { name: nameOf(path), symlink }
      const bytes = zeros === undefined ? Buffer.from(text) : Buffer.alloc(zeros)
      contents.set(hashBytes(bytes), bytes)
      const executable = mode === '100755'
      return { name: nameOf(path), executable, hash: hashBytes(bytes), sizeBytes: bytes.length }
    })
    const plan = planPack(packed)

    assert.equal(Buffer.from(plan.index).toString(), index)
    assert.deepEqual(
      plan.parts.map((part) =>
        Buffer.concat(part.map(({ hash }) => contents.get(hash) ?? Buffer.of())).toString(),
      ),
      parts,
    )
    assert.equal(read(plan.index).count, files.length)
  }
})

test('an index says every file, and where its bytes are', () => {
  const files = [
    ...tree(2_000),
    file('bin/large', 'large', OWN_MIN_BYTES),
    { ...file('bin/run.sh', '#!'), executable: true },
    { name: nameOf('.latest'), symlink: '../学/b -> c' },
  ]
  const plan = planPack(files)

  const index = read(plan.index, 1_000)

  assert.equal(index.count, 2_003)
  assert.deepEqual(index.own, [hashOf('large')])
  const parts = plan.parts.map((part) => part.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0))
  assert.deepEqual(index.partBytes, parts)
  for (const given of files) {
    const found = index.find(given.name)
    assert.equal(found?.hash, given.hash)
    if (found?.hash === undefined) continue
    const { place } = found
    if (place.part === undefined) continue
    const before = plan.parts[place.part] ?? []
    const at = before.findIndex(({ hash }) => hash === found.hash)
    assert.ok(at >= 0)
    assert.equal(
      place.offset,
      before.slice(0, at).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    )
  }
  assert.equal(index.find('src'), undefined)
  assert.deepEqual(index.find('x-u-.latest'), {
    name: 'x-u-.latest',
    path: '.latest',
    symlink: '../学/b -> c',
  })
})

test('equal trees have equal bytes, in whatever order they were read', () => {
  const files = tree(1_500)

  assert.deepEqual(planPack(files.toReversed()), planPack(files))
})

test('a changed file leaves the cuts where they are, and a new one changes at most two parts', () => {
  const files = Array.from({ length: 5_000 }, (_, at) =>
    file(`d${at % 40}/f${at}`, `unique ${at}`, 2_000),
  )
  const edited = files.with(2_345, file('d25/f2345', 'new', 2_010))
  const before = namesOf(planPack(files))

  const changed = namesOf(planPack(edited))
  const added = namesOf(planPack([...files, file('d7/new', 'new', 2_000)]))

  assert.ok(before.length > 4)
  assert.deepEqual(changed, before)
  assert.ok(added.filter((part) => !before.includes(part)).length <= 2)
})

test('a pack has fewer artifacts than a manifest may name', () => {
  const many = Array.from({ length: 3_000 }, (_, at) => file(`f${at}`, `c${at}`, 2 ** 20 + at))

  const plan = planPack(many)

  assert.ok(plan.own.length <= OWN_MAX && plan.parts.length <= PARTS_MAX)
  assert.equal(plan.own.length + plan.parts.flat().length, 3_000)
})

test('any tree comes back from its index', () => {
  const path = fc
    .array(fc.constantFrom('a', 'b', '-', 'é', '学', '/', '.', ' ', 'u', 'x-u-', '\udcff'), {
      minLength: 1,
      maxLength: 6,
    })
    .map((parts) => parts.join(''))
    .filter(isPath)
  const content = fc.constantFrom('', 'x', 'yy', 'zzz')
  const trees = fc.uniqueArray(fc.tuple(path, content), { selector: ([path]) => path })

  fc.assert(
    fc.property(trees, (given) => {
      const paths = given.map(([path]) => path)
      const isClear = (path: string) => !paths.some((other) => path.startsWith(`${other}/`))
      const files = given.filter(([path]) => isClear(path))
      const index = read(planPack(files.map(([path, text]) => file(path, text))).index)
      const found = entriesOf(index).map(({ path, hash }) => [path, hash])

      assert.deepEqual(
        new Map(found as [string, string][]),
        new Map(files.map(([path, text]) => [path, hashOf(text)])),
      )
    }),
  )
})

const a = hashOf('a').slice(7)
const b = hashOf('b').slice(7)
const hostile: Record<string, string> = {
  'is empty': '',
  'is of another form': `grove-pack/2 1 1\n100644 1 ${a} a\n`,
  'is no text': '\0\xff\n',
  'promises more files than it can hold': 'grove-pack/1 400000 1\n',
  'has fewer lines than files': `grove-pack/1 2 1\n100644 1 ${a} a\n`,
  'has more lines than files': `grove-pack/1 1 2\n100644 1 ${a} a\n100644 1 ${b} b\n`,
  'ends within a line': `grove-pack/1 1 1\n100644 1 ${a} a`,
  'has a name twice': `grove-pack/1 2 2\n100644 1 ${a} a\n100644 1 ${b} a\n`,
  'is out of order': `grove-pack/1 2 2\n100644 1 ${a} b\n100644 1 ${b} a\n`,
  'has a file that is also a folder': `grove-pack/1 2 2\n100644 1 ${a} a\n100644 1 ${b} a/b\n`,
  'has a file below a link': `grove-pack/1 2 1\n120000 a -> /etc\n100644 1 ${b} a/passwd\n`,
  'leads elsewhere': `grove-pack/1 1 1\n100644 1 ${a} ../a\n`,
  'leads to the root': `grove-pack/1 1 1\n100644 1 ${a} /a\n`,
  'leads elsewhere by an escape': `grove-pack/1 1 1\n100644 1 ${a} x-u-../a\n`,
  'has a name that no path has': `grove-pack/1 1 1\n100644 1 ${a} a-u2d-b\n`,
  'has a component "."': `grove-pack/1 1 1\n100644 1 ${a} a/./b\n`,
  'has a component that is too long': `grove-pack/1 1 1\n100644 1 ${a} ${'a'.repeat(256)}\n`,
  'has a path that is too long': `grove-pack/1 1 1\n100644 1 ${a} ${'a/'.repeat(2_048)}a\n`,
  'has a line that is too long': `grove-pack/1 1 1\n${'1'.repeat(40_000)}\n`,
  'has a mode of its own': `grove-pack/1 1 1\n104755 1 ${a} a\n`,
  'has a size with a sign': `grove-pack/1 1 1\n100644 -1 ${a} a\n`,
  'has sizes that add up beyond numbers': `grove-pack/1 10 10\n${Array.from({ length: 10 }, (_, at) => `100644 999999999999999 ${hashOf(`${at}`).slice(7)} f${at}\n`).join('')}`,
  'has a part without contents': `grove-pack/1 1 0\n100644 1 ${a} a\n`,
  'has a part too many': `grove-pack/1 1 1 1\n100644 1 ${a} a\n`,
  'has a part too few': `grove-pack/1 2 1\n100644 1 ${a} a\n100644 1 ${b} b\n`,
  'counts more contents than there are': `grove-pack/1 1 2\n100644 1 ${a} a\n`,
  'has too many parts': `grove-pack/1 1${' 1'.repeat(401)}\n100644 1 ${a} a\n`,
  'gives one content two sizes': `grove-pack/1 2 1\n100644 1 ${a} a\n100644 2 ${a} b\n`,
  'gives one content two places': `grove-pack/1 2 1\n100644 1 ${a} a\n100644 1 file.${a} b\n`,
  'has a link without target': 'grove-pack/1 1\n120000 a -> \n',
  'has a link whose target is escaped otherwise': 'grove-pack/1 1\n120000 a -> b-u2d-c\n',
  'has too many files of their own': `grove-pack/1 501\n${Array.from({ length: 501 }, (_, at) => `100644 1 file.${hashOf(`${at}`).slice(7)} ${String(at).padStart(3, '0')}\n`).join('')}`,
}
for (const [what, text] of Object.entries(hostile))
  test(`an index that ${what} is refused`, () => {
    assert.throws(() => read(Buffer.from(text, 'latin1')), withCode('pack-invalid'))
  })

test('an index of other bytes than announced is refused', () => {
  const { index } = planPack(tree(10))

  assert.throws(() => new IndexReader(64 * 1024 * 1024 + 1), withCode('pack-invalid'))
  assert.throws(() => new IndexReader(10).push(index), withCode('pack-invalid'))
  assert.throws(() => {
    const reader = new IndexReader(index.byteLength + 1)
    reader.push(index)
    reader.finish()
  }, withCode('pack-invalid'))
})
