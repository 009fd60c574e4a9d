import { statSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Connection } from '../database/connection.ts'
import { recordOf, setRecord } from '../tables/records.ts'

const SPACE = 'home'
const KEY = 'directory'

/**
 * Where the directory of a database is another than that in which it was written, nothing in it was
 * published by this user: the directory was copied, unpacked or cloned, perhaps from a stranger,
 * who could have marked anything as own. How many contributions count as foreign from now on;
 * undefined where it is no copy.
 */
export function disownIfCopied(connection: Connection, file: string): number | undefined {
  const home = JSON.stringify({ inode: String(statSync(dirname(file), { bigint: true }).ino) })
  const known = connection.read(() => recordOf(connection, SPACE, KEY))
  if (JSON.stringify(known) === home) return undefined
  const disowned = connection.write(() => {
    setRecord(connection, SPACE, KEY, home)
    connection.sql('DELETE FROM own_key').run()
    return connection.sql('UPDATE contribution SET own = 0 WHERE own = 1').run().changes
  })
  // Nothing tells where a directory was before this was noted.
  return known === undefined && disowned === 0 ? undefined : disowned
}
