// Brings up what the integration and end-to-end tests need: a real engine, Trivy, a registry and a database.
import { allParts, up } from '../testbed/testbed.mjs'

export default async function setUp() {
  // The others check the workflows, and scripts/test.mjs brings them up.
  const parts = allParts.filter(part => part !== 'actionlint' && part !== 'zizmor')
  const bed = await up(parts, { log: line => process.stderr.write(`${line}\n`) })
  Object.assign(process.env, bed.env)
  // Workers of jest inherit the environment and nothing else.
  process.env['IMAGE_GATE_TESTBED'] = JSON.stringify(bed)
}
