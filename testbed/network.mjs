// @ts-check
/** Networks of the test bed's own, so that all engines can run side by side and beside anybody else's docker0. */
import { ask, runProgram } from './shell.mjs'
import { instance, instanceNumber } from './state.mjs'

/** @typedef {import('./engine.mjs').EngineKind} EngineKind */

/** @param {EngineKind} kind @returns {{name: string, address: string}} names of interfaces have at most 15 characters */
export function bridgeOf(kind) {
  // The instance number is at most 120, so the third byte stays below 256 for two kinds; the third kind has a net of its own.
  const [net, at] = kind === 'overlay' ? [214, 0] : [213, kind === 'modern' ? 0 : 1]
  const subnet = 1 + 2 * instanceNumber + at
  return { name: `ig${kind}${instance}`, address: `10.${String(net)}.${String(subnet)}.1/24` }
}

/** @param {EngineKind} kind */
export async function provideBridge(kind) {
  const { name, address } = bridgeOf(kind)
  if (!ask('ip', ['link', 'show', name]).ok) {
    await runProgram('ip', ['link', 'add', name, 'type', 'bridge'])
    await runProgram('ip', ['addr', 'add', address, 'dev', name])
    await runProgram('ip', ['link', 'set', name, 'up'])
  }
  // An engine that starts empties the chains that all engines share, and so cuts off the others. It leaves FORWARD alone,
  // but for rules that look like those of older versions: the comment tells ours from them.
  const comment = ['-m', 'comment', '--comment', 'image-gate-testbed']
  for (const rule of [`-i ${name}`, `-o ${name} -m conntrack --ctstate RELATED,ESTABLISHED`]) {
    const words = ['FORWARD', ...rule.split(' '), ...comment, '-j', 'ACCEPT']
    if (!ask('iptables', ['-C', ...words]).ok) await runProgram('iptables', ['-A', ...words])
  }
}

/** @param {EngineKind} kind */
export function removeBridge(kind) {
  const { name, address } = bridgeOf(kind)
  if (!ask('ip', ['link', 'show', name]).ok) return
  ask('ip', ['link', 'delete', name])
  removeRules(name, address.replace(/\.1\/24$/, '.0/24'))
}

/** An engine leaves its firewall rules when it ends; only those that name this bridge are ours. @param {string} name @param {string} subnet */
function removeRules(name, subnet) {
  for (const program of ['iptables', 'ip6tables']) {
    for (const table of ['filter', 'nat', 'raw']) {
      const rules = ask(`${program}-save`, ['-t', table]).stdout.split('\n')
      for (const rule of rules) {
        const words = rule.split(' ')
        if (words[0] !== '-A' || !words.some(word => word === name || word === subnet)) continue
        ask(program, ['-t', table, '-D', ...words.slice(1)])
      }
    }
  }
}
