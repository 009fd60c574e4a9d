import type { KeyId } from '../../core/identity/ed25519.ts'
import type { Scope } from '../../core/identity/token.ts'
import { isElsewhere } from '../../core/loopback.ts'
import type { ApiRequest } from '../answer/request.ts'

/** Who may call an operation from another machine. */
interface AccessRule {
  /** What a token must allow. Undefined: no token is needed, and none is looked at. */
  readonly scope: Scope | undefined
  /** Whether other groves may call it, as far as they are admitted. */
  readonly forGroves: boolean
  /** Whether nobody but groves calls it: in `signed` and `members` it must be signed, always. */
  readonly onlyGroves: boolean
  /** Whether `--anonymous-read` opens it to everybody. */
  readonly isPublic: boolean
}

const CLOSED = { forGroves: false, onlyGroves: false, isPublic: false } as const

/** The kinds of access. What is called on the grove's own machine needs none of them. */
export const accessTable = {
  /** Anybody: that the grove is up. */
  free: { ...CLOSED, scope: undefined, forGroves: true },
  /** What groves tell each other. */
  gossip: { ...CLOSED, scope: 'operate', forGroves: true, onlyGroves: true },
  /** What groves ask of each other to compare what they hold. */
  federation: { ...CLOSED, scope: 'read', forGroves: true },
  /** Contributions, as groves read them of each other, and people and agents, too. */
  shared: { ...CLOSED, scope: 'read', forGroves: true, isPublic: true },
  /** Contributions, as people and agents read them. */
  public: { ...CLOSED, scope: 'read', isPublic: true },
  /** The grove itself: its peers, its rounds, what happens in it. */
  read: { ...CLOSED, scope: 'read' },
  publish: { ...CLOSED, scope: 'publish' },
  operate: { ...CLOSED, scope: 'operate' },
} as const satisfies Record<string, AccessRule>

/** The kind of access to an operation. */
export type AccessKind = keyof typeof accessTable

/** Who calls. */
export type ApiCaller =
  /** A process on the grove's own machine. */
  | { readonly kind: 'local' }
  | { readonly kind: 'token'; readonly id: string; readonly scope: Scope }
  /** A grove that signed its request. */
  | { readonly kind: 'grove'; readonly peerId: KeyId }
  /** Somebody on another machine; a reader where reading is open to everybody. */
  | { readonly kind: 'anybody'; readonly isReader?: true }

/** Whether a caller is on another machine, and not to learn what this one's network is like. */
export const isFar = ({ kind }: ApiCaller, request: ApiRequest): boolean =>
  kind !== 'local' && (kind !== 'grove' || isElsewhere(request))
