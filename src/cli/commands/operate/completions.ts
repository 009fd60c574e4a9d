import { Argument, type Command } from 'commander'
import { type Context, examples } from '../../context.ts'
import { completionScript, type Shell, shells } from '../../output/completion.ts'
import { print } from '../../output/output.ts'

/** `grove completions`: prints what a shell needs to complete commands and options. */
export function addCompletions(program: Command, { output }: Context): void {
  program
    .command('completions')
    .description('Print a script that completes commands and options in a shell')
    .addArgument(new Argument('<shell>', 'which shell').choices(shells))
    .addHelpText(
      'after',
      examples([
        'grove completions bash >> ~/.bashrc',
        'grove completions zsh > ~/.zsh/completions/_grove   # a directory of $fpath',
        'grove completions fish > ~/.config/fish/completions/grove.fish',
      ]),
    )
    .action((shell: Shell) => print(output, completionScript(program, shell).trimEnd()))
}
