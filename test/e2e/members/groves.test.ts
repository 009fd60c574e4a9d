import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { test } from 'node:test'
import type { GroveProcess } from '../../support/processes/grove-process.ts'
import { groves } from '../../support/processes/groves.ts'

const { at, startAt } = groves()
let starting: Promise<GroveProcess> | undefined

test('a test may end before a grove that it starts is ready', async () => {
  const version = at('never-ready.mjs')
  await writeFile(version, 'setInterval(() => {}, 1_000)')
  const spawned = Promise.withResolvers<unknown>()
  starting = startAt({ version, onSpawn: (child) => spawned.resolve(once(child, 'spawn')) }, 'x')
  starting.catch(() => {})
  await spawned.promise
})

test('and then that grove is ended', () =>
  assert.rejects(starting ?? Promise.resolve(), /grove exited with null/))
