import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hashBytes } from '../../../src/core/cid.ts'
import { edgesOf } from '../../../src/core/contribution/relation.ts'
import { relation, sample } from '../../conformance/samples.ts'

const [a, b] = [hashBytes(new Uint8Array([1])), hashBytes(new Uint8Array([2]))]

test('the edges of a contribution are its relations, in manifest order', () => {
  const source = sample({
    relations: [relation('reviews', b, { verdict: 'good' }), relation('adopts', a)],
  })

  assert.deepEqual(edgesOf(source), [
    { source: source.cid, target: b, type: 'reviews', metadata: { verdict: 'good' } },
    { source: source.cid, target: a, type: 'adopts' },
  ])
})

test('a second relation of the same type to the same target is the same edge', () => {
  const source = sample({
    relations: [
      relation('adopts', a, { n: '1' }),
      relation('adopts', a, { n: '2' }),
      relation('reviews', a),
    ],
  })

  const edges = edgesOf(source)

  assert.deepEqual(
    edges.map(({ type, metadata }) => [type, metadata?.n]),
    [
      ['adopts', '1'],
      ['reviews', undefined],
    ],
  )
})
