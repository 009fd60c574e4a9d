import { parseArgs } from 'node:util'
import { layOut } from '../../src/cli/output/table.ts'
import { parseCount, parseSize } from '../../src/core/units.ts'
import type { Benchmark, RunOptions, Scale } from './benchmark.ts'

type Benchmarks = Readonly<Record<string, Benchmark>>

/** A run that was asked for. */
export interface Command {
  readonly runs: readonly { readonly name: string; readonly options: RunOptions }[]
  /** The directory to write below; undefined for the system's temporary one. */
  readonly dir: string | undefined
  readonly json: boolean
}

const OPTIONS = `options
  --count N     the amount of what is counted; --n N is the same
  --size SIZE   the size of the artifact
  --repeat N    repetitions, of which the median is shown (3)
  --quick       a hundredth of every amount, once: shows that it runs, not how fast
  --dir DIR     where to write; a disk in memory makes durable writes cheap
  --keep DIR    where stalls leaves the groves that it fills; it finds them there the next time
  --way TEXT    of hostile, only the attacks whose names have this text
  --json        one JSON document instead of tables
  --help

examples
  npm run -s bench -- publish
  npm run -s bench -- artifact --size 256MiB --repeat 1
  npm run -s bench -- all --json > figures.json
`

/** How to call it: the benchmarks, each with its amount and time, and the options. */
export function usageOf(benchmarks: Benchmarks): string {
  const columns = [
    { title: '  name' },
    { title: 'measures' },
    { title: 'amount' },
    { title: 'takes', align: 'right' },
  ] as const
  const rows = Object.entries(benchmarks).map(([name, { about, scale, takes }]) => [
    `  ${name}`,
    about,
    amountText(scale),
    takes,
  ])
  const table = layOut(
    { columns, rows: [...rows, ['  all', 'each of them']] },
    Number.POSITIVE_INFINITY,
  )
  return `usage: npm run -s bench -- NAME… [options]

Measures real groves: processes on 127.0.0.1, with SQLite and files in a temporary directory.
Each figure has a baseline from the same run. Compare the ratios, not the figures.

${table.map(({ text }) => text).join('\n')}

${OPTIONS}`
}

/**
 * The command line; undefined if it asks for help. Throws an Error with a message for the caller.
 */
export function readCommand(args: readonly string[], benchmarks: Benchmarks): Command | undefined {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean', default: false } as const
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      count: text,
      n: text,
      size: text,
      repeat: text,
      dir: text,
      keep: text,
      way: text,
      quick: flag,
      json: flag,
      help: { ...flag, short: 'h' },
    },
  })
  if (values.help) return undefined
  const { quick, dir, keep, way, json } = values
  const names = positionals.includes('all') ? Object.keys(benchmarks) : positionals
  if (names.length === 0) throw new Error(`name a benchmark\n\n${usageOf(benchmarks)}`)
  const repeat = values.repeat === undefined ? (quick ? 1 : 3) : parseCount(values.repeat, 1)
  const asked = {
    count: countOf(values.count ?? values.n),
    size: values.size === undefined ? undefined : parseSize(values.size),
  }
  const runs = names.map((name) => {
    const benchmark = Object.hasOwn(benchmarks, name) ? benchmarks[name] : undefined
    if (benchmark === undefined)
      throw new Error(`there is no benchmark ${name}\n\n${usageOf(benchmarks)}`)
    const { option, usual } = benchmark.scale
    const amount = asked[option] ?? (quick ? Math.max(1, Math.round(usual / 100)) : usual)
    return { name, options: { amount, repeat, quick, keep, way } }
  })
  return { runs, dir, json }
}

const countOf = (text: string | undefined) => (text === undefined ? undefined : parseCount(text, 1))

function amountText({ option, of, usual }: Scale): string {
  return option === 'size' ? sizeText(usual) : `${usual.toLocaleString('en')} ${of}`
}

const sizeText = (bytes: number): string =>
  bytes < 2 ** 30 ? `${bytes / 2 ** 20} MiB` : `${bytes / 2 ** 30} GiB`
