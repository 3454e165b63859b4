import { discoverImages, type DiscoveryRequest } from '../../src/discover/images.js'
import { ConfigurationError } from '../../src/errors.js'
import type { Discovery } from '../../src/model.js'
import { MemoryFiles } from '../builders.js'

const image = { Dockerfile: 'FROM scratch' }

function discover(root: object, more: Partial<DiscoveryRequest> = {}, outside: object = {}): Promise<Discovery> {
  const files = new MemoryFiles({ repo: { images: root }, ...outside } as never)
  return discoverImages({ workspace: '/repo', imagesRoot: 'images', include: [], allowEmpty: false, ...more }, files)
}

describe('discoverImages', () => {
  it('finds each folder with a Dockerfile, sorted by name', async () => {
    const { images } = await discover({ web: image, Api: image, 'a-b': image })
    expect(images.map(({ name }) => name)).toEqual(['Api', 'a-b', 'web'])
    expect(images[2]).toEqual({
      revision: 'head',
      sources: ['images/web'],
      lockFiles: [],
      name: 'web',
      safeName: 'web',
      contextDir: 'images/web',
      dockerfile: 'images/web/Dockerfile',
    })
  })

  it('names every other entry and why it is no image', async () => {
    const { ignored } = await discover({ 'README.md': 'x', empty: { data: { a: 'x' } }, web: image })
    expect(ignored).toEqual([
      { path: 'images/README.md', reason: 'not a folder', suspicious: false },
      { path: 'images/empty', reason: 'no Dockerfile', suspicious: false },
    ])
  })

  it('warns of what somebody probably meant to be gated', async () => {
    const { ignored } = await discover({ team: { notes: 'x', app: image }, dev: { 'Dockerfile.dev': 'x' }, web: image })
    expect(ignored).toEqual([
      { path: 'images/dev', reason: 'no Dockerfile, only Dockerfile.dev: not gated', suspicious: true },
      {
        path: 'images/team',
        reason: 'no Dockerfile here, but in app/, which is too deep for the convention: not gated',
        suspicious: true,
      },
    ])
  })

  it.each([
    [
      'a folder linked from outside',
      { web: { linkTo: '/elsewhere/web' } },
      'it is a link that leaves the images folder',
    ],
    ['a link that leads nowhere', { web: { linkTo: '/gone' } }, 'it is a link that leads nowhere'],
    [
      'a Dockerfile linked from outside',
      { web: { Dockerfile: { linkTo: '/elsewhere/web/Dockerfile' } } },
      'its Dockerfile is a link that leaves the folder of the image',
    ],
    [
      // BuildKit would read images/web/other/Dockerfile, or web/web/real.
      'a Dockerfile linked from another folder',
      { web: { other: image, Dockerfile: { linkTo: '../other/Dockerfile' } }, other: { 'Dockerfile.x': 'x' } },
      'its Dockerfile is a link that leaves the folder of the image',
    ],
    [
      'a Dockerfile that goes out and comes back',
      { web: { Dockerfile: { linkTo: '../web/real' }, real: 'FROM a', web: { real: 'FROM b' } } },
      'its Dockerfile is a link that leaves the folder of the image',
    ],
    [
      'a Dockerfile that goes out over a link within',
      { web: { Dockerfile: { linkTo: 'up/real' }, up: { linkTo: '../web' }, real: 'FROM a' } },
      'its Dockerfile is a link that leaves the folder of the image',
    ],
    [
      'a Dockerfile by an absolute link',
      { web: { Dockerfile: { linkTo: '/repo/images/web/real' }, real: 'FROM a' } },
      'its Dockerfile is a link that leaves the folder of the image',
    ],
    [
      'a .dockerignore linked from another folder',
      { web: { ...image, '.dockerignore': { linkTo: '../ignore' } }, ignore: '*' },
      'its .dockerignore is a link that leaves the folder of the image',
    ],
    [
      'an ignore file of the Dockerfile alone that is linked from another folder',
      { web: { ...image, 'Dockerfile.dockerignore': { linkTo: '/gone' } } },
      'its Dockerfile.dockerignore is a link that leaves the folder of the image',
    ],
    [
      // BuildKit would take the file `dockerfile` in its place.
      'a Dockerfile that leads nowhere',
      { web: { Dockerfile: { linkTo: 'gone' }, dockerfile: 'FROM evil' } },
      'its Dockerfile is a link that leads nowhere',
    ],
    ['a Dockerfile that is a folder', { web: { Dockerfile: {} } }, 'its Dockerfile is not a file'],
    ['a name that is not UTF-8', { 'web\ufffd': { linkTo: '/gone' } }, 'its name is not UTF-8'],
  ])('refuses %s', async (_, root, refusal) => {
    const { images } = await discover(root, {}, { elsewhere: { web: image } })
    expect(images.map(found => found.refusal)).toEqual([refusal])
  })

  it('takes an image with links to be made of all that there is: a link may go over others', async () => {
    const { images } = await discover({
      shared: { web: image, Dockerfile: { linkTo: './web/../real' }, real: 'FROM a' },
      alias: { linkTo: '/repo/images/shared/web' },
    })
    expect(images.map(({ sources }) => sources)).toEqual([['images/alias', 'images'], ['images/shared']])
  })

  it('refuses an images folder that is reached over a link, and names the folder itself', async () => {
    const files = new MemoryFiles({ repo: { real: { images: { web: image } }, linked: { linkTo: '/repo/real' } } })
    const request = { workspace: '/repo', imagesRoot: 'linked/images', include: [], allowEmpty: false }
    await expect(discoverImages(request, files)).rejects.toMatchObject({
      messages: ["images-root: 'linked/images' is a link, or lies below one"],
      advice: 'Name the folder itself: real/images',
    })
  })

  it('accepts a link that stays inside', async () => {
    const { images } = await discover({
      web: image,
      alias: { linkTo: '/repo/images/web' },
      linked: { Dockerfile: { linkTo: 'sub/../real' }, real: 'FROM a', sub: {}, '.dockerignore': { linkTo: 'gone' } },
    })
    expect(images.map(found => [found.name, found.refusal])).toEqual([
      ['alias', undefined],
      ['linked', undefined],
      ['web', undefined],
    ])
  })

  it('selects by name and by glob, and says what it skips', async () => {
    const { images, skipped } = await discover({ web: image, api: image, 'api-v2': image }, { include: ['api*'] })
    expect(images.map(({ name }) => name)).toEqual(['api', 'api-v2'])
    expect(skipped.map(({ image: { name }, reason }) => [name, reason])).toEqual([['web', 'images']])
  })

  it('refuses patterns that match nothing, all at once', async () => {
    await expect(discover({ web: image }, { include: ['wbe', 'x*'] })).rejects.toMatchObject({
      messages: ["images: 'wbe' matches no image", "images: 'x*' matches no image"],
      advice: 'The images are: web.',
    })
    await expect(discover({}, { include: ['a'] })).rejects.toMatchObject({ advice: 'The images are: none.' })
  })

  it('refuses a pattern that is too long to be one', async () => {
    await expect(discover({ web: image }, { include: ['w'.repeat(70_000)] })).rejects.toMatchObject({
      messages: [`images: '${'w'.repeat(60)}' is not a pattern`],
    })
  })

  it('says why the root cannot be read', async () => {
    const files = new MemoryFiles({ repo: {} })
    files.realPath = async () => Promise.reject(new Error('ENAMETOOLONG: name too long'))
    const request = { workspace: '/repo', imagesRoot: 'x', include: [], allowEmpty: true }
    await expect(discoverImages(request, files)).rejects.toThrow("images-root: 'x' cannot be read: ENAMETOOLONG")
    await expect(discoverImages(request, files)).rejects.toThrow(ConfigurationError)
  })

  it('says that there is nothing to gate, and what it saw', async () => {
    await expect(discover({ 'README.md': 'x' })).rejects.toThrow(
      "nothing to gate under 'images': no folder there holds a Dockerfile; seen: images/README.md (not a folder)",
    )
    await expect(discover({})).rejects.toThrow(ConfigurationError)
  })

  it('passes without images where that is allowed', async () => {
    await expect(discover({}, { allowEmpty: true })).resolves.toEqual({ images: [], skipped: [], ignored: [] })
  })

  it.each([
    ['missing', 'nowhere', "images-root: there is no folder 'nowhere' in the repository"],
    ['a file', 'file', "images-root: there is no folder 'file' in the repository"],
    ['outside the workspace', '../other', "images-root: '../other' lies outside the repository"],
    ['absolute and elsewhere', '/other', "images-root: '/other' lies outside the repository"],
    ['a link that leaves the workspace', 'away', "images-root: 'away' lies outside the repository"],
  ])('refuses a root that is %s', async (_, imagesRoot, message) => {
    const files = new MemoryFiles({ repo: { file: 'x', away: { linkTo: '/other' } }, other: { web: image } })
    const request = { workspace: '/repo', imagesRoot, include: [], allowEmpty: true }
    await expect(discoverImages(request, files)).rejects.toMatchObject({ messages: [message] })
  })

  it('accepts the workspace itself as root', async () => {
    const files = new MemoryFiles({ web: image })
    const found = await discoverImages({ workspace: '/', imagesRoot: '.', include: [], allowEmpty: false }, files)
    expect(found.images.map(({ contextDir }) => contextDir)).toEqual(['web'])
  })
})
