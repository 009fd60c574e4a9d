import { once } from 'node:events'
import Sqlite from 'better-sqlite3'
import type { Workbench } from './workbench.ts'

/** Starts a server that only reads and answers (bare-server.ts), and returns its address. */
export const startBareServer = (bench: Workbench): Promise<string> =>
  startServer(bench, 'bare-server.ts')

/** Starts a server that refuses everything (dropping-server.ts), and returns its address. */
export const startDroppingServer = (bench: Workbench): Promise<string> =>
  startServer(bench, 'dropping-server.ts')

async function startServer(bench: Workbench, program: string): Promise<string> {
  const [{ url }] = (await once(bench.fork(program), 'message')) as [{ url: string }]
  return url
}

/**
 * Inserts rows into a fresh database, each in a transaction that waits for the disk. Returns rows a
 * second.
 */
export function singleCommitRate(file: string, rows: readonly string[]): number {
  const database = new Sqlite(file)
  database.pragma('journal_mode = WAL')
  database.pragma('synchronous = FULL')
  database.exec('CREATE TABLE item (id INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT')
  const insert = database.prepare('INSERT INTO item (body) VALUES (?)')
  const begun = performance.now()
  for (const row of rows) insert.run(row)
  const seconds = (performance.now() - begun) / 1_000
  database.close()
  return rows.length / seconds
}
