import type { Command, Option } from 'commander'

/** Scripts that complete the command line in a shell, made from its commands and options. */

export const shells = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof shells)[number]

/** The script for a shell. Pure. */
export function completionScript(program: Command, shell: Shell): string {
  const commands = program.commands.filter((command) => command.name() !== 'help')
  const scripts = { bash, zsh, fish }
  return scripts[shell](commands, visible(program))
}

function visible(command: Command): Option[] {
  return command.options.filter(({ hidden }) => !hidden)
}

function flagsOf({ short, long }: Option): string[] {
  return [short, long].filter((flag) => flag !== undefined)
}

function takesValue({ required, optional }: Option): boolean {
  return required || optional
}

function choicesOf({ argChoices }: Option): string {
  return (argChoices ?? []).join(' ')
}

function bash(commands: readonly Command[], globals: readonly Option[]): string {
  const names = commands.map((command) => command.name())
  const options = (list: readonly Option[]) => list.flatMap(flagsOf).join(' ')
  const values = commands.flatMap((command) =>
    [...visible(command), ...globals].filter(takesValue).map((option) => {
      const patterns = flagsOf(option).map((flag) => `${command.name()}:${flag}`)
      return `    ${patterns.join('|')}) words='${choicesOf(option)}' ;;`
    }),
  )
  const flags = commands.map(
    (command) =>
      `      ${command.name()}) words='${options([...visible(command), ...globals])}' ;;`,
  )
  return `# Completion of grove for bash: source it from ~/.bashrc.
_grove() {
  local current=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]}
  local command='' words='' word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $word in ${names.join('|')}) command=$word; break ;; esac
  done
  case $command:$before in
${values.join('\n')}
    *) if [[ $current == -* ]]; then
    case $command in
${flags.join('\n')}
      *) words='${options(globals)} --help --version' ;;
    esac
    elif [[ -z $command && $before != --server && $before != --dir ]]; then
      words='${names.join(' ')} help'
    fi ;;
  esac
  COMPREPLY=()
  if [[ -n $words ]]; then COMPREPLY=($(compgen -W "$words" -- "$current")); fi
}
complete -o default -F _grove grove
`
}

function zsh(commands: readonly Command[], globals: readonly Option[]): string {
  const described = commands.map(
    (command) => `    ${quoted(`${command.name()}:${command.summary() || command.description()}`)}`,
  )
  const cases = commands.map((command) => {
    const specs = [...visible(command), ...globals].flatMap(zshSpecs)
    return `        ${command.name()}) _arguments ${specs.join(' ')} '*:file:_files' ;;`
  })
  return `#compdef grove
# Completion of grove for zsh: save it as _grove in a directory of $fpath.
_grove() {
  local state line
  local -a commands
  commands=(
${described.join('\n')}
  )
  _arguments -C ${globals.flatMap(zshSpecs).join(' ')} \\
    '1:command:->command' '*::argument:->argument'
  case $state in
    command) _describe command commands ;;
    argument)
      case $line[1] in
${cases.join('\n')}
      esac ;;
  esac
}
if [ "$funcstack[1]" = _grove ]; then _grove "$@"; else compdef _grove grove; fi
`
}

function zshSpecs(option: Option): string[] {
  const about = option.description.replace(/[[\]\\:]/g, '\\\\$&')
  const action = option.argChoices === undefined ? '_files' : `(${choicesOf(option)})`
  const value = takesValue(option) ? `:value:${action}` : ''
  return flagsOf(option).map((flag) => quoted(`*${flag}[${about}]${value}`))
}

function fish(commands: readonly Command[], globals: readonly Option[]): string {
  const line = (condition: string, option: Option) => {
    const short = option.short === undefined ? '' : ` -s ${option.short.slice(1)}`
    const long = option.long === undefined ? '' : ` -l ${option.long.slice(2)}`
    const choices = option.argChoices === undefined ? '' : ` -x -a ${quoted(choicesOf(option))}`
    const value = takesValue(option) && choices === '' ? ' -r' : choices
    return `complete -c grove${condition}${short}${long}${value} -d ${quoted(option.description)}`
  }
  return `# Completion of grove for fish: save it as ~/.config/fish/completions/grove.fish.
${[
  ...globals.map((option) => line('', option)),
  ...commands.map((command) => {
    const about = quoted(command.description())
    return `complete -c grove -n __fish_use_subcommand -f -a ${command.name()} -d ${about}`
  }),
  ...commands.flatMap((command) =>
    visible(command).map((option) =>
      line(` -n ${quoted(`__fish_seen_subcommand_from ${command.name()}`)}`, option),
    ),
  ),
].join('\n')}
`
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
