/** A checkout that is killed at any moment leaves the old state, or the next one completes it. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { withCode } from '../../support/errors.ts'
import { contentOf, write } from '../../support/files/workspace.ts'
import { temporaryDirectory } from '../../support/folder.ts'

const program = join(import.meta.dirname, 'checkout-process.ts')
/** Children at once. */
const LANES = 3
/** More changes than any of these checkouts makes. */
const CHANGES_MAX = 200

type Texts = Readonly<Record<string, string>>

/** Runs a checkout that kills itself before a change; false if it ended before that. */
async function killedAt(
  target: string,
  texts: Texts,
  change: number,
  ...order: readonly 'in-order'[]
): Promise<boolean> {
  const args = [program, target, JSON.stringify(texts), String(change), ...order]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] })
  const [code, signal] = await once(child, 'exit')
  assert.ok(signal === 'SIGKILL' || code === 0, `ended with ${code ?? signal}`)
  return signal === 'SIGKILL'
}

/** Tries every change in turn, in lanes, until one is beyond the last; how many there were. */
async function atEachChange(trial: (change: number) => Promise<boolean>): Promise<number> {
  let next = 1
  let last = CHANGES_MAX
  const lane = async () => {
    for (let change = next++; change < last; change = next++)
      if (!(await trial(change))) last = Math.min(last, change)
  }
  await Promise.all(Array.from({ length: LANES }, lane))
  assert.ok(last > 5 && last < CHANGES_MAX, `${last} changes`)
  return last - 1
}

async function occupy(target: string, texts: Texts): Promise<void> {
  for (const [path, text] of Object.entries(texts)) {
    await mkdir(dirname(join(target, path)), { recursive: true })
    await writeFile(join(target, path), text)
  }
}

const old = { a: 'old a', l: 'a file', mine: 'kept', 'sub/b': 'old b' }
const update = { a: 'new a', l: '-> a', 'new/c': 'c', 'new/deep/d': 'd', 'sub/b': 'new b' }

test('a checkout killed while it overwrites leaves the old state or one that is completed', {
  timeout: 120_000,
}, async () => {
  await using folder = await temporaryDirectory()
  const seen = new Set<string>()

  await atEachChange(async (change) => {
    const target = join(folder.dir, String(change))
    await occupy(target, old)
    const isKilled = await killedAt(target, update, change)
    await write(target, { next: 'n' }, { overwrite: true })
    const content = await contentOf(target)
    const isOld = content.a === old.a
    seen.add(isOld ? 'old' : 'new')
    const expected = isOld ? { ...old, next: 'n' } : { ...old, ...update, next: 'n' }
    assert.deepEqual(content, expected, `killed before change ${change}`)
    return isKilled
  })

  assert.deepEqual([...seen].toSorted(), ['new', 'old'])
})

test('the checkout that completes another one may be killed too', {
  timeout: 120_000,
}, async () => {
  await using folder = await temporaryDirectory()
  const half = await halfMoved(folder.dir)

  await atEachChange(async (change) => {
    // The inodes of a copy are others, so each trial begins anew.
    const target = join(folder.dir, `second-${change}`)
    await occupy(target, old)
    await killedAt(target, update, half, 'in-order')
    const isKilled = await killedAt(target, { next: 'n' }, change)
    await write(target, { last: 'l' }, { overwrite: true })
    const { next, ...rest } = await contentOf(target)
    assert.ok(next === undefined || next === 'n')
    assert.deepEqual(rest, { ...old, ...update, last: 'l' }, `killed before change ${change}`)
    return isKilled
  })
})

let half: Promise<number> | undefined

/** The change before which some files are in their place and others are not. */
function halfMoved(folder: string): Promise<number> {
  half ??= findHalfMoved(folder)
  return half
}

async function findHalfMoved(folder: string): Promise<number> {
  for (let change = 10; ; change++) {
    const target = join(folder, `half-${change}`)
    await occupy(target, old)
    assert.ok(await killedAt(target, update, change, 'in-order'), 'some state is a mix')
    const { a, 'sub/b': b } = await contentOf(target)
    if ((a === update.a) !== (b === update['sub/b'])) return change
  }
}

for (const state of ['empty', 'absent'] as const) {
  test(`a checkout killed while it fills an ${state} directory can simply be repeated`, {
    timeout: 120_000,
  }, async () => {
    await using folder = await temporaryDirectory()
    const texts = { a: '1', 'sub/b': '2', 'sub/deep/c': '3' }

    await atEachChange(async (change) => {
      const parent = join(folder.dir, String(change))
      const target = join(parent, 'work')
      await mkdir(state === 'empty' ? target : parent, { recursive: true })
      const isKilled = await killedAt(target, texts, change)
      const isDone = (await readdir(target).catch((): string[] => [])).includes('a')
      await write(target, texts).catch((error) => {
        // Only its own traces were left to be removed.
        assert.ok(isDone && withCode('directory-not-empty')(error), `change ${change}: ${error}`)
      })
      assert.deepEqual(await contentOf(target), texts, `killed before change ${change}`)
      await write(join(parent, 'other'), { x: 'y' })
      assert.deepEqual(await readdir(parent), ['other', 'work'])
      return isKilled
    })
  })
}

test('what somebody changed after the kill is left alone', { timeout: 60_000 }, async () => {
  await using folder = await temporaryDirectory()
  const half = await halfMoved(folder.dir)
  const target = join(folder.dir, 'changed')
  await occupy(target, old)
  await killedAt(target, update, half, 'in-order')
  await writeFile(join(target, 'a'), 'mended by hand')
  await writeFile(join(target, 'sub/b'), 'mended by hand')

  await write(target, { next: 'n' }, { overwrite: true })

  const { a, 'sub/b': b } = await contentOf(target)
  assert.deepEqual([a, b], ['mended by hand', 'mended by hand'])
  assert.ok((await readdir(target)).every((name) => !name.startsWith('.grove-checkout-')))
})
