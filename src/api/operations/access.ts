import { z } from 'zod'
import {
  newTokenSchema,
  standingRequestSchema,
  standingShownSchema,
  tokenInfoSchema,
  tokenRequestSchema,
} from '../../core/wire/access.ts'
import { setStanding } from '../../node/access/set-standing.ts'
import { json } from './operation.ts'

const group = 'access'
const nothing = z.strictObject({})

export const accessOperations = {
  createToken: json({
    name: 'createToken',
    group,
    summary: 'Make a token, by which agents call from other machines; it is shown this once',
    http: { method: 'POST', path: '/api/tokens', status: 201 },
    access: 'operate',
    input: tokenRequestSchema,
    output: newTokenSchema,
    run: (node, request) => node.access.tokens.create(request),
  }),
  tokens: json({
    name: 'tokens',
    group,
    summary: 'List the tokens: what each allows, and until when',
    http: { method: 'GET', path: '/api/tokens' },
    access: 'operate',
    input: nothing,
    output: z.object({ tokens: z.array(tokenInfoSchema) }),
    run: async (node) => ({ tokens: node.access.tokens.list() }),
  }),
  revokeToken: json({
    name: 'revokeToken',
    group,
    summary: 'End a token, by its id or its name',
    http: { method: 'POST', path: '/api/tokens/revoke' },
    access: 'operate',
    input: z.strictObject({ token: z.string().min(1).max(64) }),
    output: tokenInfoSchema,
    run: (node, { token }) => node.access.tokens.revoke(token),
  }),
  setStanding: json({
    name: 'setStanding',
    group,
    summary: 'Trust or block another grove, or take that back',
    http: { method: 'POST', path: '/api/federation/standings' },
    access: 'operate',
    input: standingRequestSchema,
    output: z.object({
      peer: z.string(),
      /** The grove's present key, where `peer` is one that it gave up: nothing is said of that. */
      now: z.string().optional(),
    }),
    async run(node, request) {
      const peer = await setStanding(node, request)
      const now = node.access.rotations.presentOf(peer)
      return { peer, ...(now !== peer && { now }) }
    },
  }),
  standings: json({
    name: 'standings',
    group,
    summary: 'List the groves that are trusted or blocked here',
    http: { method: 'GET', path: '/api/federation/standings' },
    access: 'operate',
    input: nothing,
    output: z.object({ standings: z.array(standingShownSchema) }),
    run: async ({ access: { standings, rotations } }) => ({
      standings: standings.list().map((entry) => {
        const formerly = rotations.before(entry.peer)
        return { ...entry, ...(formerly.length > 0 && { formerly }) }
      }),
    }),
  }),
}
