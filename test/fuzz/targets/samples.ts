import { sealDraft } from '../../../src/core/contribution/contribution.ts'
import { signOrigins } from '../../../src/core/identity/origin.ts'
import { work } from '../../support/peer.ts'
import { keyOf } from '../../support/signed-groves.ts'

/** Valid values that several targets begin with. */

export const key = keyOf(1)
export const otherKey = keyOf(2)
export const plainWork = work('a result')
export const richWork = work('bäst 結果', {
  description: 'more\nlines',
  tags: ['lm', 'größe', 'a,b'],
  artifacts: { 'src/train.py': plainWork.cid, 'x-ue9-': plainWork.cid },
  scores: { val_bpb: { value: 0.97, direction: 'minimize', unit: 'bpb' } },
  relations: [
    { targetCid: plainWork.cid, relationType: 'derives_from', metadata: { result: 'confirmed' } },
  ],
  context: { grove: { tree: { links: {}, executable: ['src/train.py'] } }, lr: 1e-3, n: [1, [2]] },
})
export const single = signOrigins(key, [plainWork.cid], 1_700_000_000_000)
export const batch = signOrigins(
  otherKey,
  [plainWork.cid, richWork.cid, sealDraft(draftOf('third'), 0).cid],
  1_700_000_000_001,
)

export function draftOf(summary: string) {
  return {
    kind: 'work',
    mode: 'evaluation',
    summary,
    agent: { agentId: 'tester' },
    createdAt: '2026-01-01T00:00:00.000Z',
  } as const
}
