import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { matchesGolden } from '../../support/golden.ts'
import { play } from './conversation.ts'

const folder = join(import.meta.dirname, 'traces')

for (const name of readdirSync(folder).sort())
  test(`the conversation ${name} goes as written`, () => {
    const file = join(folder, name)

    matchesGolden(file, play(readFileSync(file, 'utf8')))
  })
