import type { Command } from 'commander'
import { type Context, cidOf, examples, withGrove } from '../../context.ts'
import { printJson } from '../../output/output.ts'

/** `grove attest`: who has published a contribution, for other tools. */
export function addAttest(program: Command, context: Context): void {
  program
    .command('attest')
    .description('Attest who has published a contribution, in a form that other tools read')
    .argument('<cid>', 'content id, or its first hex digits')
    .addHelpText(
      'after',
      `\nPrints an in-toto statement in a DSSE envelope, signed by this grove. Its subject
is the manifest by its hashes (blake3, sha256), its predicate the signatures
that this grove holds of it. \`grove identity export\` prints the public key.\n${examples([
        'grove attest 24c41ac12fbc > result.intoto.json',
      ])}`,
    )
    .action((text: string, _: object, command: Command) =>
      withGrove(context, command, async (session) => {
        const cid = await cidOf(session, text)
        const { grove, output, signal } = session
        printJson(output, await grove.attestation({ cid }, { signal }))
      }),
    )
}
