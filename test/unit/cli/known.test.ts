import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  chmod,
  cp,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { connect, projectDirectory } from '../../../src/cli/connect.ts'
import { isKnown, remember } from '../../../src/cli/known.ts'
import { processOutput } from '../../../src/cli/output/output.ts'
import { temporaryDirectory } from '../../support/folder.ts'
import { standingClock } from '../../support/standing-clock.ts'

async function grove(dir: string, id: string): Promise<string> {
  await mkdir(dir, { recursive: true })
  await writeFile(join(dir, 'id'), `${id}\n`)
  return dir
}

test('a .grove is taken by itself only where this user made or named it', async () => {
  await using temporary = await temporaryDirectory()
  const at = (name: string) => join(temporary.dir, name)
  const env = { XDG_STATE_HOME: at('state') }
  const own = await grove(at('project/.grove'), 'grove-own')
  await grove(at('project/work/.grove'), 'grove-strange')
  await remember(own, env)
  await remember(own, env)

  assert.equal(await projectDirectory(at('project/work'), env), own)
  assert.equal(await projectDirectory(at('project'), env), own)
  assert.equal(await projectDirectory(at('project'), { ...env, LOCALAPPDATA: at('other') }), own)
  await rename(own, at('kept'))
  await assert.rejects(projectDirectory(at('project/work'), env), { code: 'refused' })
  await cp(at('project/work/.grove'), own, { recursive: true })
  await assert.rejects(projectDirectory(at('project'), env), { code: 'refused' })
  await rm(own, { recursive: true })
  await symlink(at('kept'), own)
  await assert.rejects(projectDirectory(at('project'), env), { code: 'refused' })
  assert.equal(await projectDirectory(at('state'), env), undefined)
})

test('what is known is private, and names directories of projects only', async () => {
  await using temporary = await temporaryDirectory()
  const at = (name: string) => join(temporary.dir, name)
  const env = { XDG_STATE_HOME: at('state') }
  const own = await grove(at('.grove'), 'grove-own')

  await remember(await grove(at('data'), 'grove-data'), env)
  await remember(at('nothing/.grove'), env)
  assert.equal(await isKnown(own, env), false)
  await remember(own, env)

  const lines = (await readFile(at('state/grove/known'), 'utf8')).trimEnd().split('\n')
  assert.deepEqual(
    lines.map((line) => (JSON.parse(line) as { id: string }).id),
    ['grove-own'],
  )
  assert.equal((await stat(at('state/grove/known'))).mode & 0o777, 0o600)
  assert.equal((await stat(at('state/grove'))).mode & 0o777, 0o700)
})

test('where nothing can be remembered, a directory has to be named', async () => {
  await using temporary = await temporaryDirectory()
  const file = join(temporary.dir, 'file')
  await writeFile(file, '')
  const own = await grove(join(temporary.dir, '.grove'), 'grove-own')

  assert.equal(await remember(own, { XDG_STATE_HOME: file }), false)

  assert.equal(await isKnown(own, { XDG_STATE_HOME: file }), false)
})

test('a folder of other files is not made a grove by a command that reads it', async () => {
  await using temporary = await temporaryDirectory()
  await writeFile(join(temporary.dir, 'train.py'), '')
  const { signal } = new AbortController()
  const { clock } = standingClock()
  const output = processOutput()

  await assert.rejects(connect({ dir: temporary.dir }, { env: {}, clock, output, signal }), {
    code: 'not-found',
    message: /other files.*grove init/,
  })

  assert.deepEqual(await readdir(temporary.dir), ['train.py'])
})

const UNLISTED_USER = 54_321

test('a user of whom the system knows no home has nothing remembered', {
  skip: process.geteuid?.() !== 0 && 'only root can become another user',
}, async () => {
  await using temporary = await temporaryDirectory()
  await chmod(temporary.dir, 0o755)
  const own = await grove(join(temporary.dir, '.grove'), 'grove-own')
  const { HOME } = process.env
  delete process.env.HOME
  process.seteuid?.(UNLISTED_USER)
  try {
    assert.equal(await remember(own, {}), false)
    await assert.rejects(projectDirectory(temporary.dir, {}), { code: 'refused' })
  } finally {
    process.seteuid?.(0)
    process.env.HOME = HOME
  }
})

test('a strange .grove can hold up no command', {
  skip: process.platform === 'win32',
}, async () => {
  await using temporary = await temporaryDirectory()
  const at = (name: string) => join(temporary.dir, name)
  const env = { XDG_STATE_HOME: at('state') }
  await mkdir(at('pipe/.grove'), { recursive: true })
  await mkdir(at('device/.grove'), { recursive: true })
  execFileSync('mkfifo', [at('pipe/.grove/id')])
  await symlink('/dev/zero', at('device/.grove/id'))

  for (const name of ['pipe', 'device'])
    await assert.rejects(projectDirectory(at(name), env), { code: 'refused' }, name)
})
