import assert from 'node:assert/strict'
import { lstat, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { withCode } from '../../support/errors.ts'
import { write } from '../../support/files/workspace.ts'
import { temporaryDirectory } from '../../support/folder.ts'

const nobody = { dev: '0', ino: '0', sizeBytes: '0', mtimeNs: '0' }

/** A stage in a target, as a checkout leaves it when it is killed, with this journal. */
async function stageWith(target: string, lines: readonly string[]): Promise<string> {
  const stage = join(target, '.grove-checkout-killed')
  await mkdir(join(stage, 'tree'), { recursive: true })
  await mkdir(join(stage, 'old'))
  const { dev, ino } = await lstat(stage)
  await writeFile(join(stage, `mark-${dev}-${ino}`), '')
  await writeFile(join(stage, 'journal'), lines.map((line) => `${line}\n`).join(''))
  return stage
}

const headOf = (moves: number) => JSON.stringify({ format: 'grove-checkout/1', request: '', moves })

test('a journal that leads out of the target is not carried out', async () => {
  for (const path of ['../outside', 'sub/../../outside', '/outside', 'a\0b', '']) {
    await using temporary = await temporaryDirectory()
    const target = join(temporary.dir, 'work')
    await mkdir(join(target, 'sub'), { recursive: true })
    const move = JSON.stringify({ path, staged: nobody, was: null })
    const stage = await stageWith(target, [headOf(1), move])
    await writeFile(join(stage, 'outside'), 'evil')
    await writeFile(join(target, 'outside'), 'evil')

    await assert.rejects(
      write(target, { a: '1' }, { overwrite: true }),
      withCode('storage-failed', 'journal is damaged'),
      path,
    )

    assert.deepEqual(await readdir(temporary.dir), ['work'])
    assert.equal(await readFile(join(stage, 'outside'), 'utf8'), 'evil')
  }
})

test('a journal that is cut off, or no JSON, is named with what to do', async () => {
  for (const lines of [[''], ['{'], ['{}'], [headOf(2), '{"path":"a"}']]) {
    await using temporary = await temporaryDirectory()
    const stage = await stageWith(temporary.dir, lines)

    await assert.rejects(
      write(temporary.dir, { a: '1' }, { overwrite: true }),
      withCode('storage-failed', `remove ${stage}`),
    )
  }
})
