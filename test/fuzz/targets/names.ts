import assert from 'node:assert/strict'
import { isCid, parseCid, parseCidPrefix } from '../../../src/core/cid.ts'
import { chosenFrom, shownPath } from '../../../src/core/contribution/choice.ts'
import { gitLayouts } from '../../../src/core/contribution/git-layouts.ts'
import {
  bytesOfPath,
  escapeText,
  isName,
  isPath,
  nameOf,
  pathOf,
  pathOfBytes,
  unescapeText,
  unstorable,
} from '../../../src/core/contribution/names.ts'
import { type PackFile, planPack } from '../../../src/core/contribution/pack.ts'
import { IndexReader, type PackIndex } from '../../../src/core/contribution/pack-index.ts'
import { timestampSchema } from '../../../src/core/contribution/schema.ts'
import { readAs } from '../../../src/core/issues.ts'
import {
  ageIn,
  ageText,
  ageTextSchema,
  threadPlaceIn,
  threadText,
  threadTextSchema,
} from '../../../src/core/ranking/cursor.ts'
import { sumFromText, sumToText } from '../../../src/core/ranking/exact-sum.ts'
import { isWritable } from '../../../src/core/time.ts'
import { parseTelling, tellingText } from '../../../src/core/wire/telling.ts'
import { Epochs } from '../../../src/stores/epochs.ts'
import { termsOfQuery } from '../../../src/stores/words.ts'
import { comesBack, orRefused, REFUSED, type Target, target, text } from '../lab/target.ts'
import { plainWork, richWork } from './samples.ts'

const { cid } = plainWork
const files: readonly PackFile[] = [
  { name: 'a/b.txt', hash: cid, sizeBytes: 5 },
  { name: 'a/c.txt', hash: richWork.cid, sizeBytes: 300_000, executable: true },
  { name: 'x-ue9-', hash: cid, sizeBytes: 5 },
  { name: 'z', symlink: 'a/b.txt' },
]
const paths = ['src/train.py', 'src/größe.txt', 'a b/c', '.git/HEAD', 'refs', 'objects', 'HEAD']
const epochs = new Epochs([
  { id: '0'.repeat(16), after: 0 },
  { id: '1'.repeat(16), after: 50 },
])

export const nameTargets: readonly Target[] = [
  text('cid', [cid], (given) => {
    assert.equal(parseCid(given), given)
    return isCid(given)
  }),
  text('cid-prefix', [cid, cid.slice(7, 20)], (given) => cid.startsWith(parseCidPrefix(given))),
  text('path', paths, (path) => {
    if (!isPath(path)) return REFUSED
    comesBack(path, nameOf, pathOf)
    return unstorable(path)
  }),
  text('name', paths.map(nameOf), (name) => {
    const path = pathOf(name)
    if (path !== name) assert.equal(nameOf(path), name)
    return [isName(name), shownPath(path), escapeText(unescapeText(name))]
  }),
  target('path-bytes', [Buffer.from('größe'), Uint8Array.of(0x61, 0xff, 0xfe)], (bytes) =>
    comesBack(new Uint8Array(bytes), pathOfBytes, bytesOfPath),
  ),
  text('git-layouts', [paths.join('\n')], (list) => gitLayouts(list.split('\n')), {
    maxBytes: 4_096,
  }),
  text('choice', ['src/', './src', 'src/train.py', '*'], (chosen) => {
    const named = paths.map((path) => ({ path, name: nameOf(path) }))
    return chosenFrom(named, [chosen])
  }),
  target(
    'pack-index',
    [planPack(files).index, planPack([]).index],
    (index) => {
      const reader = new IndexReader(index.length)
      reader.push(index)
      const pack = reader.finish()
      assert.deepEqual(Buffer.from(planPack(filesOf(pack)).index).length > 0, true)
      return pack
    },
    { maxBytes: 64 * 1024 },
  ),
  text('timestamp', ['2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00+01:00'], (moment) => {
    const { data } = readAs(timestampSchema, moment)
    if (data !== undefined) assert.ok(isWritable(Date.parse(data)))
    return orRefused(data)
  }),
  text('age', [`1.${cid}`, `-5.${cid}`], (given) => {
    if (!readAs(ageTextSchema, given).success) return REFUSED
    comesBack(ageText(ageIn(given)), ageIn, ageText)
    return true
  }),
  text('thread-place', [`1.2.${cid}`], (given) => {
    if (!readAs(threadTextSchema, given).success) return REFUSED
    comesBack(threadPlaceIn(given), threadText, threadPlaceIn)
    return true
  }),
  text('telling', ['1.2.3', '0.0.0'], (given) => {
    const telling = parseTelling(given)
    if (telling !== undefined) comesBack(telling, tellingText, parseTelling)
    return orRefused(telling)
  }),
  text('position', [epochs.position(3), epochs.position(70)], (given) => {
    const seq = epochs.seqAt(given)
    if (seq !== undefined) assert.ok(seq >= 0)
    return orRefused(seq)
  }),
  text('search', ['val_bpb 結果 größe*', 'İstanbul ὈΔΥΣΣΕΎΣ'], termsOfQuery, {
    maxBytes: 8 * 1024,
  }),
  target(
    'exact-sum',
    [Buffer.alloc(8), Buffer.from('3ff0000000000000', 'hex')],
    (bytes) => comesBack(BigInt(`0x0${bytes.toString('hex')}`), sumToText, sumFromText),
    { maxBytes: 300 },
  ),
]

function filesOf(pack: PackIndex): PackFile[] {
  return Array.from({ length: pack.count }, (_, at) => {
    const entry = pack.entry(at)
    assert.equal(pack.find(entry.name)?.path, entry.path)
    if (entry.hash === undefined) return { name: entry.name, symlink: entry.symlink }
    const { name, hash, sizeBytes, executable } = entry
    return { name, hash, sizeBytes, executable }
  })
}
