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
}

/** The kinds of access. What is called on the grove's own machine needs none of them. */
export const accessTable = {
  /** Anybody: that the grove is up. */
  free: { scope: undefined, forGroves: true, onlyGroves: false },
  /** What groves tell each other. */
  gossip: { scope: 'operate', forGroves: true, onlyGroves: true },
  /** What groves read of each other; people and agents may read it, too. */
  shared: { scope: 'read', forGroves: true, onlyGroves: false },
  read: { scope: 'read', forGroves: false, onlyGroves: false },
  publish: { scope: 'publish', forGroves: false, onlyGroves: false },
  operate: { scope: 'operate', forGroves: false, onlyGroves: false },
} as const satisfies Record<string, AccessRule>

/** The kind of access to an operation. */
export type AccessKind = keyof typeof accessTable

/** Who calls. */
export type ApiCaller =
  /** A process on the grove's own machine. */
  | { readonly kind: 'local' }
  | { readonly kind: 'token'; readonly id: string; readonly scope: Scope }
  /** A grove that signed its request. */
  | { readonly kind: 'grove'; readonly peerId: string }
  /** Somebody on another machine. */
  | { readonly kind: 'anybody' }

/** Whether a caller is on another machine, and not to learn what this one's network is like. */
export const isFar = ({ kind }: ApiCaller, request: ApiRequest): boolean =>
  kind !== 'local' && (kind !== 'grove' || isElsewhere(request))
