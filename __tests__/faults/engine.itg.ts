/** What becomes of the gate when the engine, or its client, is missing, broken, or dies on the way. */
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { startVictimBuildkit, startVictimEngine } from '../../testbed/victim.mjs'
import { bed, dockerfileOf, run, temporaryFolder } from '../testbed.js'
import { Faults } from './faults.js'
import { withRegistry } from './registry.js'
import { type Row, type Scene, type Stage } from './scene.js'

/** A run that cannot even begin: nothing is built, and nobody is told otherwise. */
const nothing = (fault: string, says: string | RegExp, more: Omit<Scene, 'rows'>): Scene => ({
  rows: [{ fault, where: 'preparation', says }],
  engineDies: true,
  ...more,
})

/** Something that takes connections on a socket. */
async function listen(stage: Stage, answer: string | undefined): Promise<string> {
  const path = join(temporaryFolder(), 'docker.sock')
  const server = createServer(socket => {
    socket.on('error', () => undefined)
    socket.on('data', () => {
      if (answer !== undefined) socket.end(answer)
    })
  })
  await new Promise<void>(resolve => server.listen(path, resolve))
  stage.undo.push(() => {
    server.close()
  })
  return `unix://${path}`
}

const notFound = temporaryFolder()

const preparation: Scene[] = [
  nothing('docker is not installed', 'Docker is not installed', { env: { PATH: notFound } }),
  nothing('the socket of the engine is gone', 'the Docker engine does not answer', {
    env: { DOCKER_HOST: 'unix:///no/such/docker.sock' },
  }),
  nothing('the engine takes questions and never answers', /no answer within/, {
    play: async (stage, gate) => gate({ env: { DOCKER_HOST: await listen(stage, undefined) } }),
  }),
  nothing('something else answers in place of the engine', /does not answer|does not run/, {
    play: async (stage, gate) => gate({ env: { DOCKER_HOST: await listen(stage, 'HTTP/1.1 200 OK\r\n\r\n<html>') } }),
  }),
  nothing('docker prints garbage', 'docker info says nothing that can be read: {}}garbage', {
    programs: { docker: 'case "$1" in info) echo "{}}garbage"; exit 0 ;; esac' },
  }),
  nothing('docker is killed', 'docker info says nothing that can be read', {
    programs: { docker: 'kill -9 $$' },
  }),
  nothing('the client has no buildx', 'the docker client has no buildx', {
    programs: {
      docker: 'case "$1" in info) echo \'{"ServerVersion": "29", "ClientInfo": {"Plugins": []}}\'; exit 0 ;; esac',
    },
  }),
  nothing('the builder does not exist', "'no-such-builder' cannot be used", { inputs: { builder: 'no-such-builder' } }),
  nothing('the builder does not run', 'the builder dead does not run', {
    inputs: { builder: 'dead' },
    play: async (_, gate) => {
      const env = { BUILDX_CONFIG: temporaryFolder() }
      await run('docker', ['buildx', 'create', '--name', 'dead', '--driver', 'remote', 'unix:///no/such/socket'], {
        env,
      })
      return gate({ env })
    },
  }),
]

const own = (name: string): string => `FROM scratch\nLABEL name=${name}\nCOPY . /\n`

const died = (fault: string, where: string, image: string, state: Row['state'], says: Row['says']): Row => ({
  ...{ fault, where, image },
  ...(state === undefined ? {} : { state }),
  ...(says === undefined ? {} : { says }),
})

/** While one image waits for its base, and another one is built already. */
const killedInBuild: Scene = {
  rows: [
    died('dockerd is killed', 'build', 'waiting', 'build-failed', /could not be built|the build failed/),
    died('dockerd is killed', 'between build and export', 'ready', 'scan-failed', /engine/),
  ],
  everybody: true,
  engineDies: true,
  inputs: { 'max-parallel': '1' },
  play: async (stage, gate) => {
    const victim = await startVictimEngine()
    stage.undo.push(victim.stop)
    return withRegistry(
      { base: { hangs: true } },
      async address =>
        gate({
          env: victim.env,
          files: {
            [dockerfileOf('ready')]: own('ready'),
            [dockerfileOf('waiting')]: `FROM ${address}/base:1\n`,
          },
        }),
      path => {
        if (path.includes('/manifests/')) void run('sh', ['-c', victim.killing])
      },
    )
  },
}

/** After the first megabyte of the archive; the status of docker itself counts. */
const killInSave = `case "$1 $2" in 'image save')
  exec 3>&1
  status=$({ { "$REAL" "$@"; echo $? >&4; } | { head -c 1000000; /bin/sh '@WORK@/seen/kill' 2> /dev/null; cat; } >&3; } 4>&1)
  exit "$status" ;;
esac`

const killedInExport: Scene = {
  rows: [
    { fault: 'dockerd is killed', where: 'export', state: 'scan-failed', says: 'docker could not export the images' },
  ],
  everybody: true,
  engineDies: true,
  programs: { docker: killInSave },
  files: { [dockerfileOf('a')]: own('a'), [dockerfileOf('b')]: own('b') },
  arrange: stage => {
    writeFileSync(join(stage.workspace, dockerfileOf('a'), '../data'), randomBytes(30_000_000))
  },
  play: async (stage, gate) => {
    const victim = await startVictimEngine()
    stage.undo.push(victim.stop)
    writeFileSync(join(stage.seen, 'kill'), victim.killing)
    return gate({ env: victim.env })
  },
}

/** When the bystander is built, which a builder beside Docker has given away by then. */
const killedBuildkit: Scene = {
  rows: [died('buildkitd is killed', 'build', 'waiting', 'build-failed', /could not be built|the build failed/)],
  engineDies: true,
  play: async (stage, gate) => {
    const victim = await startVictimBuildkit(bed.registry.address)
    stage.undo.push(victim.stop)
    return withRegistry({ base: { hangs: true } }, async address =>
      gate({
        env: victim.env,
        inputs: { builder: victim.builder },
        files: { [dockerfileOf('waiting')]: `FROM ${address}/base:1\n` },
        request: {
          onLine: line => {
            if (line === '::group::Build waiting') void run('sh', ['-c', victim.killing])
          },
        },
      }),
    )
  },
}

const faults = new Faults([...preparation, killedInBuild, killedInExport, killedBuildkit])

afterAll(() => faults.end())

it.each(faults.rows)('%s', async (_, row) => {
  expect(await faults.wrongWith(row)).toEqual([])
})
