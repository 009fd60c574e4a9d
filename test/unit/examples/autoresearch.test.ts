import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  type Config,
  ConfigError,
  configHash,
  formatConfig,
  parseConfig,
  readConfig,
} from '../../../examples/autoresearch/config.ts'
import {
  bytesOf,
  type Corpus,
  collectCorpus,
  formatCorpus,
  readCorpus,
} from '../../../examples/autoresearch/corpus.ts'
import { LanguageModel } from '../../../examples/autoresearch/model/language-model.ts'
import { costToBits } from '../../../examples/autoresearch/model/logistic.ts'
import { propose, seededRandom, TASTES } from '../../../examples/autoresearch/mutate.ts'
import { TRAINING_BUDGET, train } from '../../../examples/autoresearch/train.ts'
import { temporaryDirectory } from '../../support/folder.ts'

const baseline = readConfig(join(import.meta.dirname, '../../../examples/autoresearch/config.json'))

/** A config with everything on that is off in the baseline. */
const full: Config = {
  ...baseline,
  orders: [0, 1, 2, 3, 4, 6],
  word: 'pair',
  match: 4,
  memory: [8, 127],
  calibrate: true,
  mixerSelect: 'depth',
  sse: 'byte',
}

const sentences = Array.from(
  { length: 300 },
  (_, i) => `Line ${i} tells the same tale of ${i * i} trees and one grove.\n`,
)
const text = Buffer.from(sentences.join(''))

test('training a config twice on a corpus gives the same figures and log', () => {
  const corpus = corpusOf(sentences.slice(0, 200), sentences.slice(200))

  assert.deepEqual(train(full, corpus), train(full, corpus))
})

test('the probability of a bit is never 0 or 1, whatever the bytes', () => {
  const bytes = fc
    .uint8Array({ maxLength: 200 })
    .map((array) => [...array, ...new Array(300).fill(0)])

  fc.assert(
    fc.property(bytes, fc.constantFrom(baseline, full), (input, config) => {
      const model = new LanguageModel(config, input.length)
      for (const byte of input) {
        const cost = model.learn(byte)
        assert.ok(model.p > 0 && model.p < 65_536 && cost > 0)
      }
    }),
    { seed: 1, numRuns: 20 },
  )
})

test('text costs well under eight bits per byte, and random bytes cost about eight', () => {
  const random = seededRandom(1)
  const noise = Uint8Array.from({ length: 8_000 }, () => Math.floor(random() * 256))

  for (const config of [baseline, full]) {
    assert.ok(bitsPerByte(config, text) < 4)
    assert.ok(Math.abs(bitsPerByte(config, noise) - 8) < 0.5)
  }
})

test('longer contexts and the match model help on text that repeats itself', () => {
  const plain = bitsPerByte(baseline, text)

  assert.ok(bitsPerByte({ ...baseline, orders: [1, 2, 3, 4] }, text) < plain)
  assert.ok(bitsPerByte({ ...baseline, match: 5 }, text) < plain)
})

test('every hyper-parameter changes the figure', () => {
  const corpus = corpusOf(sentences.slice(0, 200), sentences.slice(200))
  const reference = train(full, corpus).result.val_bpb
  const changes: { readonly [K in keyof Config]: Config[K] } = {
    orders: [1, 2, 3],
    word: 'word',
    match: 7,
    tableBits: 12,
    memory: [4, 127],
    calibrate: false,
    mixerRate: 0.01,
    mixerSelect: 'byte',
    initialWeight: 0.2,
    sse: 'bits',
    passes: 2,
  }

  for (const key of Object.keys(changes) as (keyof Config)[]) {
    const changed = train({ ...full, [key]: changes[key] }, corpus).result.val_bpb
    assert.notEqual(changed, reference, key)
  }
})

test('training stops at its budget, so that more inputs read less text', () => {
  const corpus = corpusOf(
    Array.from({ length: 60 }, () => text.toString()),
    ['held out'],
  )
  const config: Config = { ...full, passes: 3 }

  const { result } = train(config, corpus)

  assert.equal(result.trainedBytes, Math.floor(TRAINING_BUDGET / result.inputs))
  assert.ok(result.trainedBytes < bytesOf(corpus.train).length * 3)
})

test('an invalid config is refused, and the error names every wrong field', () => {
  const broken = { ...baseline, orders: [2, 1], tableBits: 40, flavour: 'salt' }

  assert.throws(
    () => parseConfig(broken, 'mine.json'),
    (error) => {
      assert.ok(error instanceof ConfigError)
      for (const part of ['mine.json', 'orders', 'ascend', 'tableBits', '<=20', 'flavour']) {
        assert.ok(error.message.includes(part), `${part} in: ${error.message}`)
      }
      return true
    },
  )
})

test('a config survives its file, and its hash does not depend on the order of its fields', () => {
  const shuffled = Object.fromEntries(Object.entries(full).reverse())

  assert.deepEqual(parseConfig(JSON.parse(formatConfig(full))), full)
  assert.equal(configHash(parseConfig(shuffled)), configHash(full))
  assert.notEqual(configHash(baseline), configHash(full))
})

test('a mutation gives another valid config, and depends only on its seed', () => {
  fc.assert(
    fc.property(fc.integer(), fc.constantFrom(...TASTES), (seed, taste) => {
      const random = seededRandom(seed)
      let config = baseline
      for (let step = 0; step < 20; step++) {
        const parent = config
        const proposal = propose(parent, { random, taste })
        config = parseConfig(proposal.config)
        assert.notEqual(configHash(config), configHash(parent))
        assert.match(proposal.change, /^\w+ \S+ → \S+$/)
      }
      assert.deepEqual(
        propose(baseline, { random: seededRandom(seed), taste }),
        propose(baseline, { random: seededRandom(seed), taste }),
      )
    }),
    { seed: 1, numRuns: 100 },
  )
})

test('a mutation does not propose a config that was tried', () => {
  const random = seededRandom(7)
  const tried = new Set<string>()

  for (let step = 0; step < 30; step++) {
    const hash = configHash(propose(baseline, { random, taste: 'recall', tried }).config)
    assert.ok(!tried.has(hash))
    tried.add(hash)
  }
})

test('a corpus has prose and code on both sides, which share no file', async () => {
  await using temporary = await temporaryDirectory()
  const root = temporary.dir
  for (let i = 0; i < 12; i++) {
    write(root, `docs/page-${i}.md`, `# Page ${i}\n`)
    write(root, `src/part-${i}.ts`, `export const part = ${i}\n`)
  }
  write(root, 'node_modules/other/index.js', 'not ours\n')
  write(root, 'src/broken.ts', Buffer.from([0xff, 0xfe, 0x00]))

  const corpus = collectCorpus(root)

  const paths = {
    train: corpus.train.map((file) => file.path),
    heldOut: corpus.heldOut.map((file) => file.path),
  }
  for (const side of Object.values(paths)) {
    assert.ok(
      side.some((path) => path.endsWith('.md')) && side.some((path) => path.endsWith('.ts')),
    )
    assert.deepEqual(side, side.toSorted())
  }
  assert.equal(new Set([...paths.train, ...paths.heldOut]).size, 24)
  assert.equal(paths.train.length + paths.heldOut.length, 24)
  assert.deepEqual(collectCorpus(root), corpus)
})

test('a corpus survives its file, and a folder without enough text is refused', async () => {
  await using temporary = await temporaryDirectory()
  const root = temporary.dir
  write(root, 'only.md', 'alone\n')
  const corpus = corpusOf(['träining\n'], ['held out\n'])
  write(root, 'corpus.json', formatCorpus(corpus))

  assert.deepEqual(readCorpus(join(root, 'corpus.json')), corpus)
  assert.throws(() => collectCorpus(root), /too little text/)
})

function bitsPerByte(config: Config, bytes: Uint8Array): number {
  const model = new LanguageModel(config, bytes.length)
  let cost = 0
  for (const byte of bytes) cost += model.learn(byte)
  return costToBits(cost) / bytes.length
}

function corpusOf(trainTexts: readonly string[], heldOutTexts: readonly string[]): Corpus {
  const files = (texts: readonly string[]) =>
    texts.map((content, i) => ({ path: `${i}.md`, text: content }))
  return { version: 1, train: files(trainTexts), heldOut: files(heldOutTexts) }
}

function write(root: string, path: string, content: string | Uint8Array): void {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), content)
}
