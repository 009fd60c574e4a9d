import { parseArgs } from 'node:util'
import { parseCount, parseSize } from '../src/core/units.ts'

/** What can be measured. */
export const NAMES = ['publish', 'frontier', 'fetch', 'latency'] as const
export type Name = (typeof NAMES)[number]

/** What was asked for. What is left out has the benchmark's own default. */
export interface Options {
  readonly count: number | undefined
  /** Bytes of the large artifact. */
  readonly size: number | undefined
  readonly repeat: number
  readonly quick: boolean
  /** Below it everything is written, and removed again; undefined for the system's temporary directory. */
  readonly dir: string | undefined
}

export interface Command {
  readonly names: readonly Name[]
  readonly options: Options
  readonly json: boolean
}

export const USAGE = `usage: npm run -s bench -- NAME [options]

Measures real groves, each a process of its own on 127.0.0.1 with SQLite and files in a temporary directory.
Every figure stands beside another that was measured in the same run; compare the ratios, not the figures.

  publish    durable publishes a second over HTTP, 16 connections, without and with an artifact
  frontier   GET /api/frontier right after a publish, in a small and a ten times larger graph
  fetch      10,000 small contributions from a peer, on demand and by sync; one artifact of 1 GiB, and
             the memory of both servers with it
  latency    published on A → checked out on B, by announcement and on demand
  all        each of them

options
  --count N      publish: publishes a repetition (10000)   frontier: contributions of the larger graph (100000)
                 fetch: small contributions (10000; 0: none)   latency: rounds (20)
  --size SIZE    fetch: bytes of the large artifact (1GiB; 0: none)
  --repeat N     repetitions, of which the median is shown (3)
  --quick        a hundredth of everything, once: whether it runs, not how fast
  --dir DIR      where to write (the system's temporary directory); a disk in memory makes durable writes cheap
  --json         one JSON document on stdout instead of tables
  --help

examples
  npm run -s bench -- publish
  npm run -s bench -- fetch --count 0 --size 256MiB
  npm run -s bench -- all --json > figures.json`

/** The command line; undefined where it asks for help. Throws an Error with what to tell. */
export function readCommand(args: readonly string[]): Command | undefined {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean', default: false } as const
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      count: text,
      size: text,
      repeat: text,
      dir: text,
      quick: flag,
      json: flag,
      help: flag,
    },
  })
  if (values.help) return undefined
  const [name = '', ...more] = positionals
  const names = name === 'all' ? NAMES : NAMES.filter((known) => known === name)
  if (names.length === 0 || more.length > 0)
    throw new Error(`name one of ${NAMES.join(', ')}, all\n\n${USAGE}`)
  const options = {
    count: values.count === undefined ? undefined : parseCount(values.count),
    size: values.size === undefined ? undefined : parseSize(values.size),
    repeat: values.repeat === undefined ? (values.quick ? 1 : 3) : parseCount(values.repeat, 1),
    quick: values.quick,
    dir: values.dir,
  }
  return { names, options, json: values.json }
}

/** How many: as asked, else the default, of which a quick run takes a hundredth. */
export function amount(asked: number | undefined, usual: number, quick: boolean): number {
  return asked ?? (quick ? Math.max(1, Math.round(usual / 100)) : usual)
}
