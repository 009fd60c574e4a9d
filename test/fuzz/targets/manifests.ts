import assert from 'node:assert/strict'
import { parseDraft } from '../../../src/api/answer/body.ts'
import { canonicalBytes, canonicalText, isJsonObject } from '../../../src/core/canonical.ts'
import { hashBytes } from '../../../src/core/cid.ts'
import { attestationsSchema } from '../../../src/core/contribution/attestation.ts'
import { type Contribution, sealDraft } from '../../../src/core/contribution/contribution.ts'
import { edgesOf, tellingOf } from '../../../src/core/contribution/relation.ts'
import { countEntries, membersOf } from '../../../src/core/contribution/scan.ts'
import type { Draft } from '../../../src/core/contribution/schema.ts'
import { conflictsAmong, isPack, treeOf } from '../../../src/core/contribution/tree.ts'
import { verifyManifest } from '../../../src/core/contribution/verify.ts'
import { parseExactJson } from '../../../src/core/exact-json.ts'
import { originAttestation } from '../../../src/core/identity/origin-text.ts'
import { readAs } from '../../../src/core/issues.ts'
import { parseUniqueJson } from '../../../src/core/unique-names.ts'
import { recordLine, recordOf } from '../../../src/core/wire/closure.ts'
import { wordsOfManifest } from '../../../src/stores/words.ts'
import { withoutTrust } from '../../../src/workspace/foreign.ts'
import { comesBack, json, orRefused, type Target, target, text } from '../lab/target.ts'
import { batch, draftOf, plainWork, richWork } from './samples.ts'

const attestations = batch.map(originAttestation)
const form = { form: 'json', maxBytes: 256 * 1024 } as const

export const manifestTargets: readonly Target[] = [
  target(
    'manifest',
    [plainWork.bytes, richWork.bytes],
    (bytes) => read(verifyManifest(bytes, hashBytes(bytes), [])),
    form,
  ),
  target(
    'draft',
    [draftOf('x'), { ...richWork.manifest }].map((draft) => JSON.stringify(draft)),
    (bytes) => {
      const sealed = sealDraft(parseDraft(bytes) as Draft, 0)
      assert.equal(verifyManifest(sealed.bytes, sealed.cid).cid, sealed.cid)
      return read(sealed)
    },
    form,
  ),
  json('attestations', [attestations], (value) => {
    const { data } = readAs(attestationsSchema, value)
    return orRefused(data)
  }),
  target(
    'records-1',
    [plainWork, richWork].map(({ bytes }) => recordLine({ bytes, attestations })),
    (line) => {
      const record = recordOf(line)
      if (record !== undefined) {
        const { bytes, attestations: said } = record
        const again = recordOf(Buffer.from(recordLine(record)))
        assert.deepEqual(again?.attestations, said)
        assert.deepEqual(Buffer.from(again.bytes), Buffer.from(bytes))
      }
      return orRefused(record)
    },
    form,
  ),
  text(
    'json',
    [`{"a":[1,2.5,{"b":"\\u00e9"}],"c":null}`, '{"n":9007199254740991,"x":1e3,"y":0.1e-2}'],
    (given) => {
      const [exact, unique] = [given, given].map((each, index) =>
        orSyntaxError(() => (index === 0 ? parseExactJson(each) : parseUniqueJson(each))),
      )
      const plain = orSyntaxError(() => JSON.parse(given))
      assert.deepEqual([exact, unique], [plain, plain])
    },
    { form: 'json', maxBytes: 64 * 1024 },
  ),
  target(
    'entries-of-json',
    ['{"a":[1,2,{"b":"x,y"}],"c":{}}', '[[],{},"[",{"q":"\\""}]'],
    (bytes) => {
      const most = 1_000
      const counted = countEntries(bytes, most)
      const value = orSyntaxError(() => JSON.parse(bytes.toString('latin1')))
      if (value !== WRONG && counted <= most) assert.ok(counted >= entriesIn(value))
    },
    form,
  ),
  json('canonical', [richWork.manifest], (value) => {
    const canonical = canonicalText(value)
    comesBack(JSON.parse(canonical), canonicalText, JSON.parse)
    return canonical
  }),
]

/** Whatever is derived from a manifest that holds. */
function read({ cid, bytes, manifest, attestations }: Contribution) {
  assert.deepEqual(canonicalBytes(manifest), new Uint8Array(bytes))
  const contribution = { cid, bytes, manifest, attestations }
  for (const edge of edgesOf(contribution)) tellingOf(edge)
  wordsOfManifest(manifest)
  const { agent, tags } = membersOf(bytes, ['agent', 'tags'])
  assert.deepEqual({ agent, tags }, { agent: manifest.agent, tags: manifest.tags })
  const { files, conflicts } = treeOf(manifest)
  if (conflicts.length > 0) assert.deepEqual(conflictsAmong(files), [])
  isPack(manifest)
  const written = files.map((file) => ({ ...file, open: () => [] }))
  return withoutTrust(written as never[], 'modes')
}

const WRONG = Symbol('no JSON')

function orSyntaxError(parse: () => unknown): unknown {
  try {
    return parse()
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    return WRONG
  }
}

/** Members and items on all levels. */
function entriesIn(root: unknown): number {
  let count = 0
  const open = [root]
  while (open.length > 0) {
    const value = open.pop()
    if (!Array.isArray(value) && !isJsonObject(value)) continue
    const members = Object.values(value)
    count += members.length
    for (const member of members) open.push(member)
  }
  return count
}
