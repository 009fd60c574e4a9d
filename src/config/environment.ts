import { isIP } from 'node:net'
import { PORT_MAX } from './layer.ts'

/** The environment variables that Grove reads, once, at the start of the process. */
export interface Environment {
  readonly GROVE_DIR?: string | undefined
  readonly GROVE_URL?: string | undefined
  /** A token for the grove that is called. */
  readonly GROVE_TOKEN?: string | undefined
  readonly GROVE_AGENT_ID?: string | undefined
  readonly GROVE_LOG_LEVEL?: string | undefined
  readonly GROVE_HOST?: string | undefined
  readonly GROVE_PORT?: string | undefined
  /** As in Grove 0.1; other programs set it, too, and mean something else. */
  readonly HOST?: string | undefined
  readonly PORT?: string | undefined
  readonly GOSSIP_SEEDS?: string | undefined
  readonly USER?: string | undefined
  /** Where programs keep what they remember. */
  readonly XDG_STATE_HOME?: string | undefined
  /** The same on Windows. */
  readonly LOCALAPPDATA?: string | undefined
  /** Set by npm: the script that started this process, and its command. */
  readonly npm_lifecycle_event?: string | undefined
  readonly npm_lifecycle_script?: string | undefined
}

/** The environment of this process. Empty variables are left out. Nothing else reads it. */
export function readEnvironment(): Environment {
  return Object.fromEntries(
    Object.entries(process.env).filter(([, value]) => value !== undefined && value !== ''),
  )
}

/** One layer: what gave it its values, as messages name it, and the values. */
export interface NamedLayer {
  readonly name: string
  readonly values: unknown
}

/**
 * The layers of the environment, one for each variable. `HOST` and `PORT` are left out, with a
 * note, where they can't be meant for Grove: conda's `HOST` is a platform.
 */
export function layersOfEnvironment(env: Environment): { layers: NamedLayer[]; notes: string[] } {
  const { HOST, PORT, GROVE_HOST, GROVE_PORT, GOSSIP_SEEDS, GROVE_LOG_LEVEL } = env
  const notes: string[] = []
  const meant = (name: string, isMeant: boolean, what: string): boolean => {
    if (!isMeant) notes.push(`${name} is no ${what} and is ignored: set GROVE_${name} instead`)
    return isMeant
  }
  const layers: (NamedLayer | false)[] = [
    HOST !== undefined &&
      GROVE_HOST === undefined &&
      meant('HOST', isIP(HOST) !== 0 || HOST === 'localhost', 'IP address') && {
        name: 'HOST',
        values: { host: HOST },
      },
    PORT !== undefined &&
      GROVE_PORT === undefined &&
      meant('PORT', /^\d+$/.test(PORT) && Number(PORT) <= PORT_MAX, 'port') && {
        name: 'PORT',
        values: { port: PORT },
      },
    GROVE_HOST !== undefined && { name: 'GROVE_HOST', values: { host: GROVE_HOST } },
    GROVE_PORT !== undefined && { name: 'GROVE_PORT', values: { port: GROVE_PORT } },
    GOSSIP_SEEDS !== undefined && {
      name: 'GOSSIP_SEEDS',
      values: { peers: splitList(GOSSIP_SEEDS) },
    },
    GROVE_LOG_LEVEL !== undefined && {
      name: 'GROVE_LOG_LEVEL',
      values: { logLevel: GROVE_LOG_LEVEL },
    },
  ]
  return { layers: layers.filter((layer) => layer !== false), notes }
}

function splitList(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
}
