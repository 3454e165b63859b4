/** A machine whose clock is wrong. */
import { join } from 'node:path'
import { projectFolder } from '../../testbed/state.mjs'
import { Faults } from './faults.js'
import { bystander, type Scene } from './scene.js'

const policyFile = '.github/image-gate.yml'

const clock = (days: number): Record<string, string> => ({
  NODE_OPTIONS: `--import=${join(projectFolder, '__tests__/faults/programs/clock.mjs')}`,
  CLOCK_SHIFT: String(days),
})

const excuse = (days: number): string =>
  `exceptions:\n  - {id: CVE-2014-0160, reason: of another time, expires: ${new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10)}}\n`

const stillFound = (fault: string, days: number): Scene => ({
  result: 'blocked',
  env: clock(days),
  rows: [{ fault, where: 'machine', image: bystander, state: 'vulnerable', says: 'CVE-2014-0160' }],
})

const scenes: Scene[] = [
  stillFound('the clock is twenty years ahead', 20 * 365),
  {
    env: clock(-20 * 365),
    rows: [
      {
        fault: 'the clock is twenty years behind',
        where: 'machine',
        says: 'which is in the future for this machine',
      },
    ],
  },
  {
    env: clock(-20 * 365),
    files: { [policyFile]: excuse(-30) },
    rows: [
      {
        fault: 'the clock is twenty years behind, and an exception expired since',
        where: 'machine',
        says: 'days ahead; at the latest',
      },
    ],
  },
]

const faults = new Faults(scenes)

afterAll(() => faults.end())

it.each(faults.rows)('%s', async (_, row) => {
  expect(await faults.wrongWith(row)).toEqual([])
})
