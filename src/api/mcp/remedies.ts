import type { Remedies } from '../client/explain.ts'

/** What an agent can do about an error, by the tools and arguments that it has. */
export const remedies: Remedies = {
  byCode: {
    'relation-target-missing': 'copy it here with grove_fetch first, or check the id',
    absent: 'name a grove that holds it as the peer of grove_fetch',
    'address-refused':
      'who runs the grove can allow such addresses: `grove serve --allow-private-peers`',
    'storage-full': 'free some space and try again',
    'fetch-timeout': 'give it longer with timeoutMs; a grove that is served keeps what has arrived',
    'fetch-incomplete': 'try again: a grove that is served goes on from what has arrived',
    'peer-unreachable': 'grove_peers shows which groves answer',
    'directory-not-empty': 'name another directory, or replace files in it with overwrite',
    'metric-conflict': 'if it is meant so, publish it with insist',
    busy: 'try again in a moment',
    'shutting-down': 'try again when it is up',
  },
  fetch: (cid) => `grove_fetch of ${cid} asks other groves for it`,
  files: () => 'grove_files lists them',
}
