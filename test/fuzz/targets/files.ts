import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readHolder } from '../../../src/api/local/holder.ts'
import { readConfigFile } from '../../../src/cli/config-file.ts'
import {
  parseOpenScore,
  parseReviewScore,
  parseScore,
  readJsonObject,
} from '../../../src/cli/options.ts'
import { parseLayer } from '../../../src/config/layer.ts'
import {
  parseAssignment,
  parseCount,
  parseDuration,
  parseNumber,
  parseSize,
} from '../../../src/core/units.ts'
import { secretSign } from '../../../src/gather/keys.ts'
import { patternsOf } from '../../../src/gather/patterns.ts'
import { shadowConfig } from '../../../src/git/config.ts'
import { findRepository } from '../../../src/git/repository.ts'
import { KeyFile } from '../../../src/stores/fs/key-file.ts'
import { refuseOtherDatabase } from '../../../src/stores/sqlite/database/other-database.ts'
import { readJournal } from '../../../src/workspace/journal.ts'
import { json, opened, orRefused, REFUSED, type Target, text } from '../lab/target.ts'
import { key } from './samples.ts'

const holder = {
  pid: 1,
  role: 'server',
  peerId: 'p',
  key: 'k'.repeat(32),
  socket: 'socket',
  url: 'http://127.0.0.1:4515',
} as const
const identity = { dev: '1', ino: '2', sizeBytes: '3', mtimeNs: '4' }
const journal = [
  { format: 'grove-checkout/1', request: 'r', moves: 1 },
  { path: 'a/b', staged: identity, was: null },
]
const config = {
  host: '0.0.0.0',
  port: 4515,
  publicUrl: 'https://grove.example',
  admission: 'members',
  peer: ['grove-1@http://10.0.0.5:4515'],
}
const sqlite = Buffer.alloc(4_096)
sqlite.write('SQLite format 3\0', 'latin1')
sqlite.writeUInt32BE(1, 60)

/** As people type it: the arguments of one command. */
const typed = { maxBytes: 2_048 }

export const fileTargets: readonly Target[] = [
  json('settings', [config], (value) => parseLayer(value, 'grove.json')),
  inFolder('grove.json', 'grove.json', [JSON.stringify(config), '\ufeff{}'], readConfigFile),
  inFolder('holder.json', 'run/holder.json', [JSON.stringify(holder)], async (dir) =>
    orRefused(await readHolder(dir)),
  ),
  inFolder(
    'journal',
    'journal',
    [journal.map((line) => `${JSON.stringify(line)}\n`).join('')],
    readJournal,
  ),
  inFolder('identity-file', 'identity.pem', [key.toPem()], (dir) => new KeyFile(dir).read()),
  inFolder('grove.db', 'grove.db', [sqlite], refuseOtherDatabase),
  inFolder('git-pointer', '.git', ['gitdir: ../x\n', 'gitdir: /nowhere\n'], findRepository),
  text('ignore', ['*.pt\n!keep.pt\n/build/\n**/x[a-z]?\n# c\n\\#d'], (lines) => {
    const patterns = patternsOf(lines)
    return ['a.pt', 'build/x', 'a/b/xa1', 'größe'].map((path) => patterns.ignores(path))
  }),
  text(
    'secret',
    [key.toPem(), 'AKIAABCDEFGHIJKLMNOP', 'grove_5b0e6f7a1c2d_x'],
    (head) => secretSign(head.slice(0, 40).replaceAll('/', ''), Buffer.from(head)),
    { maxBytes: 64 * 1024 },
  ),
  text(
    'git-config',
    ['core.filemode\ntrue\0core.eol\nlf\0extensions.objectformat\nsha256'],
    (list) => {
      const raw = new Map(list.split('\0').map((line) => line.split('\n', 2) as [string, string]))
      const shadow = shadowConfig(raw)
      if (/^(?!\[core\]|\[extensions\]|[\w-]+ = \S+$)./m.test(shadow))
        throw new Error(`a line that git would take otherwise: ${shadow}`)
    },
  ),
  text('duration', ['5m', '1.5h', '0'], parseDuration, typed),
  text('size', ['64MiB', '10MB', '1024'], parseSize, typed),
  text('count', ['0', '12'], (given) => parseCount(given), typed),
  text('number', ['1e3', '-0.5'], parseNumber, typed),
  text('assignment', ['a=b', 'a=b=c'], (given) => parseAssignment(given, 'name=value'), typed),
  text('score', ['val_bpb=0.95:minimize:bpb', 'x=1:maximize'], usage(parseScore), typed),
  text('open-score', ['x=1', 'x=1:maximize'], usage(parseOpenScore), typed),
  text('review-score', ['quality=0.9'], usage(parseReviewScore), typed),
  text('json-object', ['{"a":1}'], usage(readJsonObject), typed),
]

/** Commander's own error is what its parsers throw. */
function usage(parse: (text: string) => unknown) {
  return (given: string) => {
    try {
      return parse(given)
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'commander.invalidArgument')
        return REFUSED
      throw error
    }
  }
}

/** Reads a file that is in a folder where anybody may have written it. */
function inFolder(
  name: string,
  file: string,
  seeds: readonly (string | Uint8Array)[],
  read: (dir: string) => Promise<unknown>,
): Target {
  const open = async () => {
    const dir = await mkdtemp(join(tmpdir(), 'grove-fuzz-'))
    await mkdir(join(dir, 'run'), { mode: 0o700 })
    return {
      async read(input: Buffer) {
        await writeFile(join(dir, file), input, { mode: 0o600 })
        return read(dir)
      },
      close: () => rm(dir, { recursive: true }),
    }
  }
  return opened(name, seeds, open)
}
