import assert from 'node:assert/strict'
import { test } from 'node:test'
import { beliefIn, beliefInputOf } from '../../../../src/core/ranking/belief.ts'
import { NO_SIGNALS } from '../../../../src/core/ranking/signals.ts'

const spoken = { adoption: 2, reproduction: 0, reviewScore: undefined }

test('an item that is not held is only advertised, whatever is held about it', () => {
  assert.equal(beliefIn({ held: false, signals: spoken }, 'loss').level, 'advertised')
  assert.equal(beliefIn({ held: false, signals: spoken }).level, 'advertised')
})

test('a held manifest binds its own scores and its age', () => {
  assert.equal(beliefIn({ held: true, signals: spoken }, 'loss').level, 'bound')
  assert.equal(beliefIn({ held: true, signals: spoken }, '_recency').level, 'bound')
  assert.equal(beliefIn({ held: true, signals: NO_SIGNALS }).level, 'bound')
})

test('held evidence raises the level, in its own dimension and for the whole item', () => {
  assert.deepEqual(beliefIn({ held: true, signals: spoken }, '_adoption'), {
    level: 'evidenced',
    why: 'its manifest and contributions here say so: adopted 2×',
  })
  assert.equal(beliefIn({ held: true, signals: spoken }).level, 'evidenced')
  assert.equal(beliefIn({ held: true, signals: spoken }, '_reproduction').level, 'advertised')
})

test('a challenge is told with whatever else is believed of the whole item', () => {
  const why = (signals: typeof spoken, metric?: string) =>
    beliefIn({ held: true, signals, challenges: 1 }, metric).why

  assert.match(why(spoken), /adopted 2×; challenged 1×$/)
  assert.match(why({ ...spoken, adoption: 0 }), /verified, says so; challenged 1×$/)
  assert.doesNotMatch(why(spoken, 'loss'), /challenged/)
})

test('a review score of 0 is evidence too', () => {
  assert.equal(
    beliefIn(beliefInputOf({ metric: '_review_score', value: 0 }), '_review_score').level,
    'evidenced',
  )
})

test('what a trusted grove attests to is attested, but not how often it was adopted', () => {
  const input = { held: true, signals: spoken, isAttested: true }

  assert.equal(beliefIn(input).level, 'attested')
  assert.equal(beliefIn(input, 'loss').level, 'attested')
  assert.equal(beliefIn(input, '_adoption').level, 'evidenced')
  assert.equal(beliefIn(input, '_recency').level, 'bound')
  assert.equal(beliefIn({ ...input, held: false }).level, 'advertised')
})

test('it is said how many groves stand behind a count, and how many of them are trusted', () => {
  const signedBy = { adoption: 3, reproduction: 1, reviews: 0 }
  const trusted = { adoption: 1, reproduction: 0, reviews: 0 }
  const { why } = beliefIn({ held: true, signals: spoken, signedBy, trusted }, '_adoption')

  assert.match(why, /adopted \d+× by 3 groves, 1 trusted/)
})
