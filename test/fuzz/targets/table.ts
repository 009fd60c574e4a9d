import type { Target } from '../lab/target.ts'
import { answerTargets } from './answers.ts'
import { fileTargets } from './files.ts'
import { identityTargets } from './identity.ts'
import { manifestTargets } from './manifests.ts'
import { mcpTargets } from './mcp.ts'
import { nameTargets } from './names.ts'
import { peerTargets } from './peers.ts'
import { requestTargets } from './requests.ts'
import { wireTargets } from './wire.ts'

/** All that reads what others have written. */
export const targets: readonly Target[] = [
  ...identityTargets,
  ...manifestTargets,
  ...nameTargets,
  ...peerTargets,
  ...wireTargets,
  ...answerTargets,
  ...requestTargets,
  ...mcpTargets,
  ...fileTargets,
]
