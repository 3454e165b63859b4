import { remoteOf, settingsForTheWay } from '../../src/adapters/git-remote.js'

describe('remoteOf', () => {
  const own = { serverUrl: 'https://github.com/', repository: 'o/r' }

  it.each([
    ['https://github.com/o/r'],
    ['https://github.com/O/R.git'],
    ['https://x-access-token:ghs_x@github.com/o/r/'],
    ['git@github.com:o/r.git'],
    ['ssh://git@github.com:22/o/r.git'],
    // Of a mirror or a path on the machine nothing says whose it is; a pull request chooses neither.
    ['https://mirror.example/a/fork'],
    ['git@work-alias:a/fork'],
    ['file:///srv/git/r'],
    ['/srv/git/a:b'],
    [''],
  ])('is origin where that is %s', origin => {
    expect(remoteOf(origin, own)).toBe('origin')
  })

  it.each([
    ['https://github.com/a/r'],
    ['https://GitHub.com/a/r.git'],
    ['https://github.com/o/r-fork'],
    ['https://github.com/o/r/x'],
    ['git@github.com:a/r.git'],
    ['github.com:a/r'],
    ['ssh://git@github.com/a/r'],
  ])('is the repository of the workflow where origin is %s', origin => {
    expect(remoteOf(origin, own)).toBe('https://github.com/o/r')
  })
})

describe('settingsForTheWay', () => {
  it('are credentials and what else leads to the server, with values of any form', () => {
    const listed = [
      'core.bare\nfalse',
      'core.worktree\n/elsewhere',
      'core.sshcommand\nssh -i key',
      'http.https://github.com/.extraheader\nAUTHORIZATION: basic x=',
      'http.sslverify',
      'url.https://mirror/.insteadof\na\nb',
      'credential.helper\n',
      'remote.origin.uploadpack\nevil',
      'filter.lfs.smudge\ngit-lfs',
    ]
    expect(settingsForTheWay(`${listed.join('\0')}\0`)).toEqual([
      ['core.sshcommand', 'ssh -i key'],
      ['http.https://github.com/.extraheader', 'AUTHORIZATION: basic x='],
      ['http.sslverify', 'true'],
      ['url.https://mirror/.insteadof', 'a\nb'],
      ['credential.helper', ''],
    ])
    expect(settingsForTheWay('')).toEqual([])
  })
})
