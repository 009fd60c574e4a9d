import { z } from 'zod'
import { GroveError } from '../../core/errors.ts'
import { isKeyId, type KeyId } from '../../core/identity/ed25519.ts'
import {
  hasRotatedSince,
  inviteLine,
  joinProof,
  parseInviteLine,
} from '../../core/identity/invite.ts'
import { isLoopback } from '../../core/loopback.ts'
import { parseEndpoint } from '../../core/peers/endpoint.ts'
import { timestamp } from '../../core/time.ts'
import {
  hubSchema,
  inviteInfoSchema,
  inviteRequestSchema,
  joinAnswerSchema,
  joinRequestSchema,
  MEMBER_ROTATIONS_MAX,
  memberSchema,
  membersAnswerSchema,
  newInviteSchema,
  rotatedAnswerSchema,
  rotatedRequestSchema,
} from '../../core/wire/join.ts'
import type { GroveNode } from '../../node/node.ts'
import { json } from './operation.ts'

const group = 'access'
const nothing = z.strictObject({})
/** What a joiner sends. */
const JOIN_MAX_BYTES = 20 * 1024

export const joinOperations = {
  invite: json({
    name: 'invite',
    group,
    summary: 'Make an invite, by which another grove joins this one; its line is shown this once',
    http: { method: 'POST', path: '/api/invites', status: 201 },
    access: 'operate',
    input: inviteRequestSchema,
    output: newInviteSchema,
    async run(node, { address: given, ...terms }) {
      const peerId = keyIdOf(node)
      const address = placeOf(node, given)
      const { secret, ...info } = await node.access.invites.create(terms)
      const line = inviteLine({ address, peerId, secret })
      return { ...info, line, isLoopback: isLoopback(new URL(address).hostname) }
    },
  }),
  invites: json({
    name: 'invites',
    group,
    summary: 'List the invites: until when each is good, who has joined by it, who came too late',
    http: { method: 'GET', path: '/api/invites' },
    access: 'operate',
    input: nothing,
    output: z.object({ invites: z.array(inviteInfoSchema) }),
    run: async ({ access, config: { former } }) => ({
      invites: access.invites.list().map((invite) => {
        const endedByRotation = hasRotatedSince(invite.createdAt, former?.rotations)
        return { ...invite, ...(endedByRotation && { endedByRotation }) }
      }),
    }),
  }),
  revokeInvite: json({
    name: 'revokeInvite',
    group,
    summary: 'End an invite, by its id; who joined by it stays',
    http: { method: 'POST', path: '/api/invites/revoke' },
    access: 'operate',
    input: z.strictObject({ id: z.string().min(1).max(64) }),
    output: inviteInfoSchema,
    run: (node, { id }) => node.access.invites.revoke(id),
  }),
  joinGrove: json({
    name: 'joinGrove',
    group,
    summary: 'Join the grove that made an invite: it becomes a seed, and its members count here',
    http: { method: 'POST', path: '/api/join' },
    access: 'operate',
    input: z.strictObject({
      invite: z.string().min(1).max(1_024),
      /** For people there. */
      name: joinRequestSchema.shape.name,
    }),
    output: hubSchema,
    run: (node, { invite, name }, { signal }) =>
      node.hubs.join(parseInviteLine(invite), { name, signal }),
  }),
  leaveGrove: json({
    name: 'leaveGrove',
    group,
    summary: 'Leave a grove that was joined: off its list of members, and no seed any longer',
    http: { method: 'POST', path: '/api/leave' },
    access: 'operate',
    input: z.strictObject({
      /** Its id or address. Default: the only one. */
      grove: z.string().min(1).max(2_048).optional(),
    }),
    output: hubSchema.extend({ isTold: z.boolean() }),
    run: (node, { grove }, { signal }) => node.hubs.leave(grove, signal),
  }),
  memberships: json({
    name: 'memberships',
    group,
    summary: 'List the groves that this one has joined, and those that have joined it',
    http: { method: 'GET', path: '/api/memberships' },
    access: 'read',
    input: nothing,
    output: z.object({ hubs: z.array(hubSchema), members: z.array(memberSchema) }),
    run: async (node) => ({ hubs: node.hubs.list(), members: membersHere(node) }),
  }),
  admitMember: json({
    name: 'admitMember',
    group,
    summary: 'Take a grove in that proves to have an invite, which it does not send',
    http: { method: 'POST', path: '/api/federation/join', maxBodyBytes: JOIN_MAX_BYTES },
    access: 'join',
    input: joinRequestSchema,
    output: joinAnswerSchema,
    async run(node, request, { by }) {
      const [joiner, inviter] = [signerOf(by), keyIdOf(node)]
      const formerly = node.config.former?.rotations.map(({ from }) => from) ?? []
      const key = await shown(node, joiner, () =>
        node.access.invites.show({ joiner, inviter, formerly, request }),
      )
      await node.access.roster.add(joiner, request.name)
      node.log.info('a grove has joined', { peerId: joiner, invite: request.id })
      const call = { by: 'inviter', joiner, inviter, nonce: request.nonce } as const
      return { proof: joinProof(key, call), ...(await listed(node)) }
    },
  }),
  dropMember: json({
    name: 'dropMember',
    group,
    summary: 'Take the grove that asks off the list of members',
    http: { method: 'POST', path: '/api/federation/leave', maxBodyBytes: JOIN_MAX_BYTES },
    access: 'gossip',
    input: nothing,
    output: z.object({ wasMember: z.boolean() }),
    async run(node, _, { by }) {
      const leaver = signerOf(by)
      const wasMember = await node.access.roster.remove(leaver)
      if (wasMember) node.log.info('a grove has left', { peerId: leaver })
      return { wasMember }
    },
  }),
  members: json({
    name: 'members',
    group,
    summary: "Give this grove's signed list of members, if it is later than the caller's",
    http: { method: 'GET', path: '/api/federation/members' },
    access: 'federation',
    input: z.strictObject({
      /** The number of the list that the caller has. */
      after: z.number().int().min(0).default(0),
    }),
    output: membersAnswerSchema,
    async run(node, { after }, { by, isElsewhere }) {
      const isListed =
        by === undefined ? isElsewhere !== true : node.access.keys.of(by) !== undefined
      if (!isListed)
        throw new GroveError('forbidden', {}, { message: 'members are told to members only' })
      const told = await listed(node)
      const rotations = [...(node.config.former?.rotations ?? [])]
      return told.list.seq > after ? { ...told, rotations } : { rotations }
    },
  }),
  noteRotation: json({
    name: 'noteRotation',
    group,
    summary: 'Learn how the key of the grove that asks has changed: its standing goes on',
    http: { method: 'POST', path: '/api/federation/rotated', maxBodyBytes: JOIN_MAX_BYTES },
    access: 'join',
    input: rotatedRequestSchema,
    output: rotatedAnswerSchema,
    async run(node, { rotations }, { by }) {
      const asker = signerOf(by)
      await node.access.rotations.learn(rotations)
      return { isKnown: node.access.rotations.before(asker).length > 0 }
    },
  }),
}

/** The list of members, by their present keys, and how they have changed these. */
async function listed({ access }: GroveNode) {
  const list = await access.roster.list()
  const rotations = access.rotations.leadingTo(list.members.map(({ peerId }) => peerId))
  const memberRotations = rotations.slice(-MEMBER_ROTATIONS_MAX)
  return { list, ...(memberRotations.length > 0 && { memberRotations }) }
}

function membersHere({ access: { roster, rotations } }: GroveNode) {
  return roster.joined().map(({ since, ...member }) => {
    const formerly = rotations.before(member.peerId)
    return { ...member, since: timestamp(since), ...(formerly.length > 0 && { formerly }) }
  })
}

/** Tells the operator of an invite that somebody else has used before. */
async function shown(node: GroveNode, joiner: KeyId, show: () => Promise<string>): Promise<string> {
  try {
    return await show()
  } catch (error) {
    if (error instanceof GroveError && error.details['reason'] === 'used')
      node.log.warn('an invite was shown by another grove than used it: somebody has a copy', {
        ...{ invite: error.details['id'], peerId: joiner },
        remedy: '`grove invite list` says who joined by it; `grove peers block` keeps one out',
      })
    throw error
  }
}

/** The address that joiners are told. Throws `usage-error` where there is none. */
function placeOf({ config }: GroveNode, given: string | undefined): string {
  const { self, reachable, isOwnAddress = () => true } = config
  const address = given ?? (reachable ? self.address : undefined)
  if (address === undefined) {
    const message = 'nobody can join a grove that is not served: `grove serve` it first'
    throw new GroveError('usage-error', {}, { message })
  }
  const isAddress = parseEndpoint(address) !== undefined
  if (isAddress && isOwnAddress(address)) return address.replace(/\/+$/, '')
  const message = isAddress ? `${address} ${notKnown}` : `${address} is no address`
  throw new GroveError('usage-error', { address }, { message })
}

const notKnown =
  'is not known here as an address of this grove, so that nobody could join by it: serve it with ' +
  '--public-url, --also-at or --allow-host'

function keyIdOf({ config: { self } }: GroveNode): KeyId {
  const { peerId } = self
  return isKeyId(peerId) ? peerId : missingKey()
}

const missingKey = (): never => {
  throw new GroveError('refused', {}, { message: 'a grove without a key invites nobody' })
}

/** Throws `unauthorized` for a request that nobody signed. */
function signerOf(by: KeyId | undefined): KeyId {
  if (by !== undefined) return by
  const message =
    'only a grove that signs its request can be a member: does this one know the ' +
    'address by which it was called? --public-url or --allow-host here names it'
  throw new GroveError('unauthorized', {}, { message })
}
