import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  deciding,
  NO_SUPPORT,
  rankedDirection,
  type Support,
} from '../../../../src/core/ranking/directions.ts'

const support = (given: Partial<Support>): Support => ({ ...NO_SUPPORT, ...given })
const ranked = (minimize: Partial<Support>, maximize: Partial<Support>) =>
  rankedDirection({ minimize: support(minimize), maximize: support(maximize) })

test('what was published here says the direction, of equal numbers the first of it', () => {
  const flood = { voices: 64, first: 1 }

  assert.equal(ranked(flood, { published: 1, firstPublished: 9, first: 9 }), 'maximize')
  assert.equal(
    ranked(
      { published: 2, firstPublished: 7, first: 7 },
      { published: 1, firstPublished: 3, first: 3 },
    ),
    'minimize',
  )
  assert.equal(
    ranked(
      { ...flood, published: 1, firstPublished: 7 },
      { published: 1, firstPublished: 3, first: 3 },
    ),
    'maximize',
  )
})

test('then the number of voices does, then what was here first', () => {
  assert.equal(ranked({ voices: 1, first: 1 }, { voices: 2, first: 5 }), 'maximize')
  assert.equal(ranked({ voices: 2, first: 9 }, { voices: 2, first: 5 }), 'maximize')
  assert.equal(ranked({ voices: 2, first: 5 }, { voices: 2, first: 9 }), 'minimize')
  assert.equal(ranked({}, { voices: 1, first: 1 }), 'maximize')
  assert.equal(ranked({}, {}), 'minimize')
})

test('works decide on the direction of a metric, other kinds only without them', () => {
  const one = { minimize: support({ voices: 1, first: 3 }), maximize: NO_SUPPORT }
  const none = { minimize: NO_SUPPORT, maximize: NO_SUPPORT }
  const others = { minimize: NO_SUPPORT, maximize: support({ published: 5, first: 1 }) }

  assert.equal(deciding(one, others), one)
  assert.equal(deciding(none, others), others)
})
