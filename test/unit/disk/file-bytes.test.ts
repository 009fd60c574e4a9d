import assert from 'node:assert/strict'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { test } from 'node:test'
import { fileBytes } from '../../../src/disk/file-bytes.ts'
import { temporaryDirectory } from '../../support/folder.ts'

test('a file is opened by its reader, who gets the error if it is gone', async () => {
  await using folder = await temporaryDirectory()
  const path = join(folder.dir, 'file')
  await writeFile(path, 'x'.repeat(200_000))
  const [whole, gone] = [fileBytes(path), fileBytes(path)]
  fileBytes(path)

  assert.equal((await buffer(whole)).byteLength, 200_000)
  await rm(path)
  // What is thrown to nobody is thrown by now.
  for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate)
  await assert.rejects(gone.next(), { code: 'ENOENT' })
})
