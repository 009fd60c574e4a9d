import { z } from 'zod'
import { GroveError } from '../../core/errors.ts'
import { eventIdSchema, groveEventSchema } from '../../core/wire/events.ts'
import { groveInfoSchema } from '../../core/wire/grove.ts'
import { groveIdentitySchema } from '../../core/wire/identity.ts'
import { groveInfo, ownIdentity } from '../../node/read/status.ts'
import { events, json } from './operation.ts'

const group = 'grove'
const nothing = z.strictObject({})
const statusSchema = z.object({ status: z.literal('ok') })

export const groveOperations = {
  grove: json({
    name: 'grove',
    group,
    summary: 'Say what this grove is and how much it holds',
    http: { method: 'GET', path: '/api/grove' },
    access: 'read',
    input: nothing,
    output: groveInfoSchema,
    run: (node) => groveInfo(node),
  }),
  identity: json({
    name: 'identity',
    group,
    summary: 'Say who this grove is: its id, its public key, and the ids that it had before',
    http: { method: 'GET', path: '/api/identity' },
    access: 'shared',
    input: nothing,
    output: groveIdentitySchema,
    run: async (node) => ownIdentity(node),
  }),
  events: events({
    name: 'events',
    group,
    summary: 'Follow what happens, as server-sent events, from now on or from an event id on',
    http: { method: 'GET', path: '/api/events' },
    access: 'read',
    input: z.strictObject({ after: eventIdSchema.optional() }),
    output: groveEventSchema,
    run: (node, { after }, { signal, lastEventId = after }) =>
      node.events.subscribe(signal, { after: lastEventId }),
  }),
  health: json({
    name: 'health',
    group,
    summary: 'Say that the process is up',
    http: { method: 'GET', path: '/healthz' },
    access: 'free',
    input: nothing,
    output: statusSchema,
    run: async () => ({ status: 'ok' as const }),
  }),
  ready: json({
    name: 'ready',
    group,
    summary:
      'Say whether the grove is ready: its stores can be read and written, it is not closing',
    http: { method: 'GET', path: '/readyz' },
    access: 'free',
    input: nothing,
    output: statusSchema,
    async run(node) {
      if (node.closing.aborted) throw new GroveError('shutting-down')
      await node.contributions.count()
      await node.health.check()
      return { status: 'ok' as const }
    },
  }),
}
