/** The harness itself: what must never happen, made to happen. */
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { dockerfileOf, removeTemporaryFolders, run } from '../testbed.js'
import { Faults } from './faults.js'
import { tagsLeft, violationsOf } from './invariants.js'
import { endAll, makeStage, play, type Scene } from './scene.js'

afterAll(removeTemporaryFolders)

const spoilt: Scene = {
  rows: [{ fault: 'x', where: 'x', image: 'web', state: 'build-failed' }],
  files: {
    [dockerfileOf('web')]: 'FROM scratch\nCOPY Dockerfile /\n',
    [dockerfileOf('more')]: 'FROM scratch\nCOPY Dockerfile /\nLABEL x=y\n',
  },
  // Names are never taken back, and something of the repository seems to run.
  programs: { docker: `case "$1 $2" in 'image rm') echo ran > @CANARY@; exit 0 ;; esac` },
  play: async (stage, gate) => {
    const { tokens, mark, workspace, temp, tmp, undo } = stage
    spawn('sh', ['-c', `sleep 300 # ${mark}`], { detached: true, stdio: 'ignore' }).unref()
    undo.push(() => endAll(mark))
    writeFileSync(join(workspace, '.trivyignore'), 'CVE-2014-0160\n')
    const result = await gate({ env: { LANG: tokens['GITHUB_TOKEN'] } })
    undo.push(async () => {
      const env = {}
      await run('docker', ['image', 'rm', ...(await tagsLeft({ stage, env }))])
    })
    writeFileSync(join(temp, 'left'), tokens['ACTIONS_RUNTIME_TOKEN'] ?? '')
    writeFileSync(join(tmp, 'left'), '')
    const log = `${result.log}\n::set-output name=result::pwned\n::group::x\n`
    return { ...result, log, outputs: { ...result.outputs, more: 'x' } }
  },
}

it('the harness notices what must never happen', async () => {
  const stage = makeStage(spoilt)
  try {
    const violations = (await violationsOf(await play(spoilt, stage))).join('\n')
    for (const violation of [
      'the exit code: 0',
      'the result: passed',
      'the outputs: ',
      'the last line says not',
      'images that end otherwise: "more" clean, "web" clean',
      'images that must end otherwise: "web" build-failed',
      'the bystander lost its findings',
      'GITHUB_TOKEN is in what a child got (docker.',
      'ACTIONS_RUNTIME_TOKEN is in ',
      'the log gives the command ::set-output name=result::pwned',
      'the ends of groups: ',
      'RUNNER_TEMP: image-gate-report-__self,left',
      'TMPDIR: left',
      'something ran that must not: ran',
      'a process is left: ',
      'the engine still has image-gate/',
    ]) {
      expect(violations).toContain(violation)
    }
  } finally {
    for (const step of stage.undo.toReversed()) await step()
  }
})

it('the harness notices a row that ends otherwise, or says something else', async () => {
  const says = 'no such words'
  const faults = new Faults([
    {
      rows: [{ fault: 'it is not there', where: 'images folder', state: 'clean', says }],
      inputs: { 'images-root': 'no-such-folder' },
    },
  ])
  const [, row] = faults.rows[0] ?? []
  const wrong = await faults.wrongWith(row ?? { fault: '', where: '' })
  expect(wrong[0]).toMatch(/^it ends none gated instead of clean: images-root: there is no folder/)
  expect(wrong[1]).toMatch(/^it says .*, not no such words$/)
})
