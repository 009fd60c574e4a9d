import type { Connection } from '../database/connection.ts'
import { ContributionWriter } from './contribution-writer.ts'

/**
 * The version of the rules by which ranks, relations and totals follow from manifests. Whoever
 * changes what `stores/derive.ts` gives counts it up: directories are then brought up to date when
 * they are opened.
 */
const DERIVATION = 3

/**
 * Writes what is derived from manifests anew where it was derived by older rules, in one
 * transaction.
 */
export function deriveAgainIfOld(connection: Connection): void {
  const version = connection.read(
    () =>
      connection.sql<[], { version: number }>('SELECT version FROM derivation').get()?.version ?? 0,
  )
  if (version === DERIVATION) return
  connection.write(() => {
    new ContributionWriter(connection).rankAll()
    connection.sql('UPDATE derivation SET version = ?').run(DERIVATION)
  })
}
