import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sealDraft } from '../../../src/core/contribution/contribution.ts'
import type { Draft } from '../../../src/core/contribution/schema.ts'
import type { Filter } from '../../../src/core/wire/frontier.ts'
import { facetsOfFilter, facetsOfManifest, matches } from '../../../src/stores/filter.ts'
import { wordsOfManifest } from '../../../src/stores/words.ts'
import { withCode } from '../../support/errors.ts'

const plain: Draft = { kind: 'work', mode: 'evaluation', summary: 'a', agent: { agentId: 'x' } }
const sealed = (draft: Partial<Draft>) => sealDraft({ ...plain, ...draft }, 0).manifest

/** Whether the filter finds the manifest by its facets, which must be as by its members. */
function finds(filter: Filter, manifest: ReturnType<typeof sealed>): boolean {
  const facets = new Set(facetsOfManifest(manifest))
  const found = facetsOfFilter(filter).every((any) => any.some((word) => facets.has(word)))
  assert.equal(found, matches(manifest, filter))
  return found
}

test('of a context with many members, the first by name can be filtered by', () => {
  const keys = Array.from({ length: 100 }, (_, index) => `${index}`.padStart(3, 'k'))
  const manifest = sealed({ context: Object.fromEntries(keys.map((key) => [key, key])) })

  const found = keys.toSorted().map((key) => finds({ context: { [key]: key } }, manifest))

  assert.ok(found.slice(0, 64).every((is) => is))
  assert.ok(found.slice(64).every((is) => !is))
})

test('a filter by a value that is too long to be indexed is refused', () => {
  const [short, long] = ['x'.repeat(1_022), 'x'.repeat(1_023)]
  const manifest = sealed({ context: { short, long } })

  assert.equal(finds({ context: { short } }, manifest), true)
  assert.throws(() => facetsOfFilter({ context: { long } }), withCode('too-large'))
  assert.throws(() => matches(manifest, { context: { long } }), withCode('too-large'))
})

test('the words of a large manifest are cut, however large each is', () => {
  const text = '\ufdfa'.repeat(65_536)
  for (const draft of [{ tags: ['漢'.repeat(300_000)] }, { description: text }])
    assert.equal(wordsOfManifest(sealed(draft)).length, 20_000)
})
