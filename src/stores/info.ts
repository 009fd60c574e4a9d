import type { Contribution } from '../core/contribution/contribution.ts'
import { membersOf } from '../core/contribution/scan.ts'
import type { ContributionInfo } from '../ports/graph-index.ts'

/** The members of a manifest that rankings tell of. */
const TOLD = ['kind', 'mode', 'summary', 'tags', 'createdAt', 'agent', 'artifacts'] as const

/** What rankings say of a contribution, by the bytes of its manifest. */
export function infoOf({ cid, bytes }: Pick<Contribution, 'cid' | 'bytes'>): ContributionInfo {
  const { kind, mode, summary, tags, createdAt, agent, artifacts } = membersOf(bytes, TOLD)
  const { agentId, agentName, platform } = agent
  return {
    cid,
    kind,
    mode,
    summary,
    tags,
    createdAt,
    agent: {
      agentId,
      ...(agentName === undefined ? {} : { agentName }),
      ...(platform === undefined ? {} : { platform }),
    },
    manifestBytes: bytes.byteLength,
    artifacts: [...new Set(Object.values(artifacts))],
  }
}

/** What an object and a string cost beside their characters, in bytes; estimated. */
const OBJECT_BYTES = 256
const STRING_BYTES = 24

/** How much memory it takes; estimated. */
export function weightOf({ cid, summary, tags, agent, artifacts }: ContributionInfo): number {
  const texts = [cid, summary, ...tags, ...Object.values(agent), ...artifacts]
  return texts.reduce((sum, text) => sum + STRING_BYTES + 2 * (text?.length ?? 0), OBJECT_BYTES)
}
