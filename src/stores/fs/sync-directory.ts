import { open } from 'node:fs/promises'

/** Puts a directory on the disk: what was renamed or made in it then survives a loss of power. */
export async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
