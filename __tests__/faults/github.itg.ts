/** What GitHub's API can do to the comment, which changes nothing about the verdict. */
import type { RunResult } from '../../testbed/runner.mjs'
import { Origin } from '../git.js'
import { FakeGitHub } from '../github.js'
import { dockerfileOf, heartbleed } from '../testbed.js'
import { Faults } from './faults.js'
import { bystander, type Gate, type Row, type Scene } from './scene.js'

/** A pull request that brings the bystander, at a GitHub whose API is there. */
function propose(gate: Gate, api: string): Promise<RunResult> {
  const origin = new Origin({ 'README.md': 'x' })
  const head = origin.branch('feature', { [dockerfileOf(bystander)]: heartbleed })
  const merge = origin.pullRequest(7, head)
  const event = { number: 7, pull_request: { number: 7, head: { sha: head }, base: { ref: 'main' } } }
  return gate({
    workspace: origin.checkOut(merge),
    inputs: { comment: 'always' },
    env: { GITHUB_SHA: merge, GITHUB_API_URL: api, GITHUB_GRAPHQL_URL: `${api}/graphql` },
    request: { eventName: 'pull_request', event },
  })
}

const row = (fault: string): Row[] => [
  { fault, where: 'GitHub’s API', image: bystander, state: 'vulnerable', says: 'CVE-2014-0160' },
]

const answering = (status: number): Scene => ({
  rows: row(`it answers ${String(status)}`),
  result: 'blocked',
  everybody: true,
  play: (_, gate) => {
    const api = new FakeGitHub()
    api.refusal = status
    return api.run(() => propose(gate, api.address))
  },
})

const down: Scene = {
  rows: row('nobody is there'),
  result: 'blocked',
  everybody: true,
  play: (_, gate) => propose(gate, 'http://127.0.0.1:9'),
}

const faults = new Faults([...[401, 403, 404, 422].map(answering), down])

afterAll(() => faults.end())

it.each(faults.rows)('%s', async (_, one) => {
  expect(await faults.wrongWith(one)).toEqual([])
})
