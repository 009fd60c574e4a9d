#!/usr/bin/env node
// Written in old syntax, so that an old Node prints the message and not a syntax error.
var needed = [22, 19]
var found = process.versions.node.split('.').map(Number)

var other = process.versions.bun ? 'Bun' : process.versions.deno ? 'Deno' : undefined

if (other !== undefined) {
  fail('grove runs on Node only, and this is ' + other + ': run it by `node`')
} else if (found[0] < needed[0] || (found[0] === needed[0] && found[1] < needed[1])) {
  fail(
    'grove needs Node ' +
      needed.join('.') +
      ' or newer, but this is Node ' +
      process.versions.node +
      ": install a newer Node, or run `npx grove` in grove's own folder, which has Node 24",
  )
} else {
  import('../dist/cli/main.js').catch(function (error) {
    if (!/\/dist\/cli\/main\.js$/.test(error.url)) throw error
    fail('grove is not built yet: run `npm run build` in its folder first')
  })
}

function fail(message) {
  process.stderr.write(message + '\n')
  process.exitCode = 1
}
