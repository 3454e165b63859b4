// Brings up what the integration and end-to-end tests need: a real engine, Trivy, a registry and a database.
import { up } from '../testbed/testbed.mjs'

export default async function setUp() {
  const bed = await up(
    [
      'engine',
      'overlay-engine',
      'old-engine',
      'buildkit',
      'trivy',
      'registry',
      'base',
      'database',
      'node24',
      'act',
      'chromium',
      'dockerfile-parser',
    ],
    {
      log: line => process.stderr.write(`${line}\n`),
    },
  )
  Object.assign(process.env, bed.env)
  // Workers of jest inherit the environment and nothing else.
  process.env['IMAGE_GATE_TESTBED'] = JSON.stringify(bed)
}
