import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Repository, type RegistryOptions } from '../../src/adapters/registry.js'
import { ToolError } from '../../src/errors.js'
import { FakeRegistry, type Intervention } from '../fake-registry.js'

const folder = mkdtempSync(join(tmpdir(), 'image-gate-registry-'))
afterAll(() => {
  rmSync(folder, { recursive: true })
})

const content = Buffer.from('content of a database'.repeat(1000))
const layer = { digest: `sha256:${createHash('sha256').update(content).digest('hex')}`, size: content.length }

async function withRepository<T>(
  use: (repository: Repository, registry: FakeRegistry) => Promise<T>,
  more: Partial<RegistryOptions> & { login?: string; scheme?: 'basic' | 'bearer'; intervene?: Intervention } = {},
): Promise<T> {
  const registry = new FakeRegistry()
  Object.assign(registry, more)
  registry.push('db', '2', content)
  return registry.run(address =>
    use(
      new Repository(`${address}/db:2`, '2', {
        credentials: [{ registry: address, username: 'user', password: 'pass:word' }],
        signal: new AbortController().signal,
        backoff: 1,
        ...more,
      }),
      registry,
    ),
  )
}

/** Answers what is asked for the first so many times. */
const answering =
  (status: number, times = Infinity, headers: Record<string, string> = {}): Intervention =>
  ({ path, count }, response) => {
    if (path.startsWith('/token') || count > times) return undefined
    response.writeHead(status, headers).end()
    return 'done'
  }

describe('a repository of a registry', () => {
  it('gives a manifest, and content by its digest', async () => {
    await withRepository(async repository => {
      const manifest = await repository.readManifest()
      expect(JSON.parse(manifest.content.toString())).toMatchObject({ layers: [layer] })
      expect(await repository.hasManifest(manifest.digest)).toBe(true)
      expect(await repository.hasManifest(`sha256:${'0'.repeat(64)}`)).toBe(false)
      const path = join(folder, 'blob')
      await repository.download(layer, path)
      expect(readFileSync(path).equals(content)).toBe(true)
    })
  })

  it.each(['bearer', 'basic'] as const)('is told who asks, by %s', async scheme => {
    await withRepository(
      async (repository, registry) => {
        expect((await repository.readManifest()).digest).toMatch(/^sha256:/)
        expect(await repository.hasManifest(`sha256:${'0'.repeat(64)}`)).toBe(false)
        // Once it is known what the registry wants, nothing is asked twice.
        expect(registry.asked.filter(line => line.startsWith('GET /token'))).toHaveLength(scheme === 'bearer' ? 1 : 0)
      },
      { login: 'user:pass:word', scheme },
    )
  })

  it.each(['bearer', 'basic'] as const)('says that it does not know who asks, by %s', async scheme => {
    const asking = withRepository(repository => repository.readManifest(), { login: 'other:secret', scheme })
    await expect(asking).rejects.toThrow(scheme === 'bearer' ? 'it answered 403' : 'it answered 401')
    await expect(asking).rejects.not.toThrow('pass:word')
  })

  it('tells nobody who asks but the registry itself, wherever it sends us', async () => {
    const strange = new FakeRegistry()
    strange.intervene = ({ path }, response) => {
      if (path.startsWith('/token')) return undefined
      const realm = `http://${strange.address}/token`
      response.writeHead(401, { 'www-authenticate': `Bearer realm="${realm}"` }).end()
      return 'done'
    }
    await strange.run(async address => {
      const intervene: Intervention = (_, response) => {
        response.writeHead(307, { location: `http://${address}/v2/db/manifests/2` }).end()
        return 'done'
      }
      await expect(withRepository(repository => repository.readManifest(), { intervene })).rejects.toThrow('401')
      expect(strange.asked.filter(line => line.includes('/token'))).toEqual([])
    })
  })

  it('tells nobody who asks where others could listen', async () => {
    const intervene: Intervention = (_, response) => {
      response.writeHead(401, { 'www-authenticate': 'Bearer realm="http://example.com/token"' }).end()
      return 'done'
    }
    await expect(withRepository(repository => repository.readManifest(), { intervene })).rejects.toThrow('401')
  })

  it.each([429, 500, 503, 408])('is asked again after %i, and waits as it is told', async status => {
    const intervene = answering(status, 2, { 'retry-after': '0' })
    await withRepository(
      async (repository, { asked }) => {
        await repository.readManifest()
        expect(asked).toHaveLength(3)
      },
      { intervene },
    )
  })

  it('is waited for as long as it asks', async () => {
    const started = Date.now()
    await withRepository(repository => repository.readManifest(), {
      intervene: answering(429, 1, { 'retry-after': '1' }),
    })
    expect(Date.now() - started).toBeGreaterThanOrEqual(990)
  })

  it('is not waited for when it asks for too long, and a date counts as well as seconds', async () => {
    for (const wait of ['3600', new Date(Date.now() + 3_600_000).toUTCString()]) {
      await withRepository(
        async (repository, { asked }) => {
          await expect(repository.readManifest()).rejects.toThrow('it answered 429 Too Many Requests (a rate limit)')
          expect(asked).toHaveLength(1)
        },
        { intervene: answering(429, 1, { 'retry-after': wait }) },
      )
    }
  })

  it.each([400, 403, 404])('is not asked again after %i', async status => {
    await withRepository(
      async (repository, { asked }) => {
        await expect(repository.readManifest()).rejects.toThrow(`it answered ${String(status)}`)
        expect(asked).toHaveLength(1)
      },
      { intervene: answering(status) },
    )
  })

  it.each<[string, (response: Parameters<Intervention>[1]) => void, string]>([
    ['other bytes', response => response.end(Buffer.alloc(content.length)), 'instead of sha256:'],
    ['fewer bytes', response => response.end(content.subarray(1)), 'instead of sha256:'],
    ['more bytes', response => response.end(Buffer.concat([content, content])), 'it sent more than'],
    [
      'half of it',
      response => {
        response.writeHead(200, { 'content-length': content.length })
        response.write(content.subarray(0, 100), () => response.destroy())
      },
      'other side closed',
    ],
  ])('keeps nothing when it sends %s', async (_, send, message) => {
    const intervene: Intervention = ({ path }, response) => {
      if (!path.includes('/blobs/')) return undefined
      send(response)
      return 'done'
    }
    await withRepository(
      async (repository, { asked }) => {
        const path = join(folder, 'none')
        await expect(repository.download(layer, path)).rejects.toThrow(message)
        expect(existsSync(path)).toBe(false)
        expect(asked).toHaveLength(3)
      },
      { intervene },
    )
  })

  it('gets another try when it sent half', async () => {
    const intervene: Intervention = ({ count }, response) => {
      if (count > 1) return undefined
      response.writeHead(200, { 'content-length': 1000 })
      response.write('x', () => response.destroy())
      return 'done'
    }
    await withRepository(repository => repository.download(layer, join(folder, 'second')), { intervene })
    expect(readFileSync(join(folder, 'second')).equals(content)).toBe(true)
  })

  it.each<[string, Intervention]>([
    ['at all', () => 'done'],
    [
      'after it began',
      (_, response) => {
        response.writeHead(200)
        response.write('{')
        return 'done'
      },
    ],
  ])('is not waited for when it does not answer %s', async (_, intervene) => {
    const asking = withRepository(repository => repository.readManifest(), { intervene, patience: 100 })
    await expect(asking).rejects.toThrow(/timeout/i)
    await expect(asking).rejects.toThrow(ToolError)
  })

  it('says that nobody is there', async () => {
    const options = { credentials: [], signal: new AbortController().signal, backoff: 1 }
    await expect(new Repository('127.0.0.1:65000/db', '2', options).readManifest()).rejects.toThrow('ECONNREFUSED')
  })

  it('sends no manifest without end, and none under another digest', async () => {
    const endless: Intervention = (_, response) => {
      response.writeHead(200).end(Buffer.alloc(5 * 1024 * 1024))
      return 'done'
    }
    await expect(withRepository(repository => repository.readManifest(), { intervene: endless })).rejects.toThrow(
      'it sent more than 4194304 bytes',
    )
    const registry = new FakeRegistry()
    await registry.run(async address => {
      registry.intervene = (_, response) => {
        response.end('{}')
        return 'done'
      }
      const options = { credentials: [], signal: new AbortController().signal }
      const pinned = new Repository(`${address}/db@sha256:${'a'.repeat(64)}`, '2', options)
      await expect(pinned.readManifest()).rejects.toThrow(
        'it answered with the manifest sha256:44136fa355b3678a1146ad16f',
      )
    })
  })

  it('is not believed to have a manifest that it does not show', async () => {
    // As a proxy answers that sends everybody to a page for signing in.
    const intervene: Intervention = (_, response) => {
      response.writeHead(200).end('<html>')
      return 'done'
    }
    await withRepository(
      async repository => {
        expect(await repository.hasManifest(`sha256:${'0'.repeat(64)}`)).toBe(false)
      },
      { intervene },
    )
  })

  it.each([400, 403, 405, 500])('is not believed to have a manifest when it answers %i', async status => {
    await withRepository(
      async repository => {
        expect(await repository.hasManifest(`sha256:${'0'.repeat(64)}`)).toBe(false)
      },
      { intervene: answering(status) },
    )
  })

  it('is given up when it sends its content too slowly, without another try', async () => {
    const timers: NodeJS.Timeout[] = []
    const intervene: Intervention = ({ path }, response) => {
      if (!path.includes('/blobs/')) return undefined
      response.writeHead(200)
      timers.push(setInterval(() => response.write('x'), 20))
      return 'done'
    }
    try {
      await withRepository(
        async (repository, { asked }) => {
          const path = join(folder, 'slow')
          await expect(repository.download(layer, path)).rejects.toThrow('it was not done after 0.3 s')
          expect(existsSync(path)).toBe(false)
          expect(asked).toHaveLength(1)
        },
        { intervene, deadline: 300 },
      )
    } finally {
      timers.forEach(clearInterval)
    }
  })

  it.each([
    ['socks5://proxy.example:1080', 'https_proxy'],
    ['user:secret@[proxy', 'HTTP_PROXY'],
  ])('cannot be had over what is no proxy: %s', (proxy, name) => {
    const before = process.env[name]
    process.env[name] = proxy
    try {
      const options = { credentials: [], signal: new AbortController().signal }
      const make = (): Repository => new Repository('ghcr.io/x/db:2', '2', options)
      expect(make).toThrow(`${name.toUpperCase()} in the environment is not the address of an HTTP proxy`)
      process.env[name] = 'proxy.example:3128'
      expect(make).not.toThrow()
    } finally {
      if (before === undefined) Reflect.deleteProperty(process.env, name)
      else process.env[name] = before
    }
  })

  it('is let go when the run is cancelled', async () => {
    const stop = new AbortController()
    const intervene: Intervention = () => {
      stop.abort(new ToolError('the run was cancelled', 'Run it again.'))
      return 'done'
    }
    await expect(
      withRepository(repository => repository.readManifest(), { intervene, signal: stop.signal }),
    ).rejects.toThrow('the run was cancelled')
  })
})
