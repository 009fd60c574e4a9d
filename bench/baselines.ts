import { once } from 'node:events'
import Sqlite from 'better-sqlite3'
import type { Workbench } from './workbench.ts'

/** Starts a server that only reads and answers; its address. */
export async function bareServer(bench: Workbench): Promise<string> {
  const [{ url }] = (await once(bench.fork('bare-server.ts'), 'message')) as [{ url: string }]
  return url
}

/** Rows a second into a table of a fresh database, each in a transaction of its own that waits for the disk. */
export function singleCommits(file: string, rows: readonly string[]): number {
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
