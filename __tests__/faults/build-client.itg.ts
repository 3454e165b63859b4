/** What a repository can plant for docker, buildx and git, which work on it on the runner itself, outside of any build. */
import { dirname } from 'node:path'
import type { FileTree } from '../git.js'
import { dockerfileOf, heartbleed } from '../testbed.js'
import { Faults } from './faults.js'
import type { Scene } from './scene.js'

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

const client: Scene = {
  result: 'blocked',
  rows: [
    {
      fault: 'every file that docker, buildx or git would act on',
      where: 'image folder',
      image: 'every-tool',
      state: 'vulnerable',
      says: 'CVE-2014-0160',
    },
  ],
  files: {
    [dockerfileOf('every-tool')]: `${heartbleed}LABEL name=every-tool\n`,
    ...beside('every-tool', everything),
  },
}

const faults = new Faults([client])

afterAll(() => faults.end())

it.each(faults.rows)('%s', async (_, row) => {
  expect(await faults.wrongWith(row)).toEqual([])
})
