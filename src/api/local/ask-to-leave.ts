import { Pool } from 'undici'
import { errorFromBody, isGroveError } from '../../core/errors.ts'
import { holderConnector } from './dial.ts'
import { LEAVE_PATH } from './door.ts'
import type { VisitOptions } from './session.ts'

/**
 * Asks the process that has the directory open to leave it. Resolves when it has agreed, or if
 * nobody answers or it is busy: the directory may be free soon. Throws `storage-locked`, which
 * names the process, if it keeps the directory.
 */
export async function askToLeave(options: VisitOptions): Promise<void> {
  const pool = new Pool('http://localhost', { connect: holderConnector(options) })
  try {
    const { statusCode, body } = await pool.request({ method: 'POST', path: LEAVE_PATH })
    const refusal = statusCode < 300 ? undefined : errorFromBody(await body.json())
    if (refusal?.code === 'storage-locked') throw refusal
  } catch (error) {
    if (isGroveError(error, 'storage-locked')) throw error
  } finally {
    await pool.destroy()
  }
}
