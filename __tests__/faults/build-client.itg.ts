/**
 * What a repository can plant for docker, buildx and git, which work on it on the runner itself, outside of any build; and
 * what earlier jobs can leave in the engine.
 */
import { dirname, join } from 'node:path'
import type { FileTree } from '../git.js'
import { bed, dockerfileOf, heartbleed, repositoryWith, run } from '../testbed.js'
import { Faults } from './faults.js'
import type { Row, Scene, Stage } from './scene.js'

const folderOf = (name: string): string => dirname(dockerfileOf(name))

/** Files beside an image's Dockerfile. */
const beside = (name: string, files: FileTree): FileTree =>
  Object.fromEntries(Object.entries(files).map(([path, text]) => [`${folderOf(name)}/${path}`, text]))

const alarm = '#!/bin/sh\necho "$0 $*" >> @CANARY@\n'

/** A folder with these is a bare repository for git: it fetches what HEAD names, from a remote that is a program. */
const bareRepository: FileTree = {
  HEAD: `${'1'.repeat(40)}\n`,
  'objects/x': '',
  'refs/x': '',
  config: `[core]
	repositoryformatversion = 1
	bare = false
	worktree = .
	fsmonitor = "echo fsmonitor >> @CANARY@; false"
	hooksPath = hooks
	sshCommand = "echo sshCommand >> @CANARY@"
	pager = "echo pager >> @CANARY@"
	gitProxy = "echo gitProxy >> @CANARY@"
[extensions]
	partialClone = origin
[remote "origin"]
	url = "ext::/bin/sh payload.sh"
	promisor = true
[protocol "ext"]
	allow = always
[filter "planted"]
	clean = "echo filter >> @CANARY@"
	smudge = "echo filter >> @CANARY@"
	process = "echo filter >> @CANARY@"
[alias]
	rev-parse = "!echo alias >> @CANARY@"
`,
  'payload.sh': alarm,
  'hooks/post-checkout': alarm,
  'hooks/reference-transaction': alarm,
}

const bake = 'target "default" { output = ["type=local,dest=planted"] }\n'
const compose = 'services: {web: {build: ., provider: {type: ./payload.sh}}}\n'

/** Each is acted on by git, Git LFS, docker, one of its plugins, or buildx, where it is asked in the right way. */
const everything: FileTree = {
  ...bareRepository,
  '.gitattributes': '* filter=planted diff=planted text eol=crlf\n',
  '.gitmodules': '[submodule "x"]\n\tpath = x\n\turl = "ext::/bin/sh payload.sh"\n\tupdate = "!sh payload.sh"\n',
  '.lfsconfig': '[lfs "customtransfer.x"]\n\tpath = ./payload.sh\n',
  '.env': 'PATH=.\nDOCKER_HOST=tcp://127.0.0.1:1\nCOMPOSE_FILE=compose.yaml\n',
  'docker-bake.hcl': bake,
  'docker-bake.override.hcl': bake,
  'compose.yaml': compose,
  'docker-compose.yml': compose,
  'Dockerfile.rego': 'package docker\ndefault allow := false\ndecision := {"allow": false}\n',
  'policy.json': '{"rules": [{"action": "DENY", "selector": {"identifier": "*"}}]}',
  'buildkitd.toml': '[worker.oci]\n  binary = "./payload.sh"\n',
  '.docker/config.json':
    '{"credsStore": "planted", "auths": {"docker.io": {}}, "plugins": {"planted": {"hooks": "buildx"}}}',
  '.docker/cli-plugins/docker-buildx': alarm,
  '.docker/cli-plugins/docker-planted': alarm,
  'docker-credential-planted': alarm,
  docker: alarm,
  git: alarm,
}

/** Of the registry it has Heartbleed; of the engine, where an earlier job gave the name to something else, it has not. */
const moved = `${bed.registry.address}/image-gate-faults/moved:1`

/** Installs what has Heartbleed, unless the condition holds. */
const unless = (condition: string, options = ''): string =>
  heartbleed.replace('RUN mkdir', `RUN ${options}if ${condition}; then exit 0; fi; mkdir`)

async function docker(...args: string[]): Promise<void> {
  const { exitCode, stderr } = await run('docker', args)
  if (exitCode !== 0) throw new Error(`docker ${args.join(' ')}: ${stderr}`)
}

/** What an earlier job on this machine left in the engine. */
async function leaveBehind({ mark, undo }: Stage): Promise<void> {
  const before = repositoryWith({
    moved: heartbleed,
    cache: `FROM debian:bookworm\nRUN --mount=type=cache,id=${mark},target=/c echo ${mark} > /c/there\n`,
  })
  const build = (name: string, ...more: string[]): Promise<void> =>
    docker('buildx', 'build', '--quiet', '--provenance=false', '--file', join(before, name), ...more, before)
  await build('cache')
  await build('moved', '--tag', moved, '--load')
  undo.push(() => docker('image', 'rm', moved))
  await docker('push', '--quiet', moved)
  await docker('tag', 'debian:bookworm', moved)
}

const bleeds = (image: string, where: string, fault: string): Row => ({
  ...{ image, where, fault, state: 'vulnerable', says: 'CVE-2014-0160' },
})

const client: Scene = {
  result: 'blocked',
  inputs: { 'no-cache': 'true' },
  arrange: leaveBehind,
  rows: [
    bleeds('moved-from', 'base image', 'the engine has another image of the name in FROM'),
    bleeds('moved-copy', 'base image', 'the engine has another image of the name in COPY --from'),
    bleeds('cache-mount', 'RUN step', 'an earlier build left something in a cache mount'),
    bleeds('knows', 'RUN step', 'it looks for the name of the gate, and is harmless then'),
    bleeds('every-tool', 'image folder', 'every file that docker, buildx or git would act on'),
  ],
  files: {
    [dockerfileOf('every-tool')]: `${heartbleed}LABEL name=every-tool\n`,
    ...beside('every-tool', everything),
    [dockerfileOf('moved-from')]: `FROM ${moved}\nRUN true\n`,
    [dockerfileOf('moved-copy')]: `FROM debian:bookworm\nCOPY --from=${moved} /var/lib/dpkg/ /var/lib/dpkg/\n`,
    [dockerfileOf('cache-mount')]: unless('test -f /c/there', '--mount=type=cache,id=@MARK@,target=/c '),
    [dockerfileOf('knows')]: unless('{ cat /etc/hosts /proc/self/environ; hostname; id; } | grep -qi gate'),
  },
}

const faults = new Faults([client])

afterAll(() => faults.end())

it.each(faults.rows)('%s', async (_, row) => {
  expect(await faults.wrongWith(row)).toEqual([])
})
