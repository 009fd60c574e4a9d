import { testFolder } from '../folder.ts'

const at = testFolder()

/**
 * The environment without the variables that configure a grove, plus `added`. What programs
 * remember is kept apart for each file of tests.
 */
export function cleanEnvironment(added: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(GROVE_|GOSSIP_|HOST$|PORT$)/.test(name),
  )
  return { ...Object.fromEntries(inherited), XDG_STATE_HOME: at('state'), ...added }
}
