import type { RequestListener } from 'node:http'
import {
  HttpClient,
  nextAddress,
  readLimited,
  refuseLonger,
  type Answer,
  type Question,
} from '../../src/adapters/http.js'
import { serving } from '../server.js'

const { signal } = new AbortController()
const client = (): HttpClient => new HttpClient({ signal, backoff: 1 })

/** What a server saw, and answered. */
async function ask(
  listener: RequestListener,
  use: (question: (path: string, more?: Partial<Question>) => Promise<Answer>, address: string) => Promise<void>,
): Promise<void> {
  await serving(listener, address =>
    use((path, more = {}) => client().ask(`http://${address}${path}`, { signal, ...more }), address),
  )
}

describe('a way to somewhere else', () => {
  it('is taken, and the login stays with the server that it was given for', async () => {
    const seen: string[] = []
    const note: RequestListener = ({ url = '', headers }, response) => {
      seen.push(`${url} ${headers.authorization ?? 'nobody'}`)
      response.end('content')
    }
    await serving(note, async other => {
      const send: RequestListener = (request, response) => {
        if (request.url === '/near') return void response.writeHead(302, { location: '/here' }).end()
        if (request.url === '/far') return void response.writeHead(307, { location: `http://${other}/there` }).end()
        note(request, response)
      }
      await ask(send, async question => {
        for (const path of ['/near', '/far']) {
          const answer = await question(path, { headers: { authorization: 'me' } })
          expect((await readLimited(answer, 100)).toString()).toBe('content')
        }
      })
    })
    expect(seen).toEqual(['/here me', '/there nobody'])
  })

  it('is not followed for ever', async () => {
    let asked = 0
    const circle: RequestListener = (_, response) => {
      asked += 1
      response.writeHead(308, { location: '/' }).end()
    }
    await ask(circle, async question => {
      await expect(question('/')).rejects.toThrow('it sent us on more than 5 times')
      expect(asked).toBe(6)
    })
  })

  it('never leads from TLS to where others could answer, unless the content is known by its digest', () => {
    const from = 'https://registry.example/v2/db/manifests/2'
    expect(nextAddress(from, '/v2/x', false)).toBe('https://registry.example/v2/x')
    expect(nextAddress(from, 'https://cdn.example/x', false)).toBe('https://cdn.example/x')
    expect(nextAddress(from, 'http://cdn.example/x', true)).toBe('http://cdn.example/x')
    expect(() => nextAddress(from, 'http://cdn.example/x', false)).toThrow('where others could answer')
    for (const location of ['file:///etc/passwd', 'ftp://x/', 'http://', 'data:,x']) {
      expect(() => nextAddress(from, location, true)).toThrow('it sent us on to no web address')
    }
  })
})

describe('an answer', () => {
  it('in pieces of one byte is the same answer', async () => {
    const pieces: RequestListener = (_, response) => {
      for (let at = 0; at < 1000; at += 1) response.write(String(at % 10))
      response.end()
    }
    await ask(pieces, async question => {
      expect((await readLimited(await question('/'), 1000)).toString()).toBe('0123456789'.repeat(100))
      await expect(readLimited(await question('/'), 999).then(String)).rejects.toThrow('it sent more than 999 bytes')
    })
  })

  it('that says that it is longer than it may be is not waited for', async () => {
    const long: RequestListener = (_, response) => {
      response.writeHead(200, { 'content-length': 1001 }).write('x')
    }
    await ask(long, async question => {
      const answer = await question('/')
      expect(refuseLonger(answer, 1001)).toBe(answer)
      expect(() => refuseLonger(answer, 1000)).toThrow('it is about to send more than 1000 bytes')
    })
  })

  it('has words of its own for a status, and none of the server’s', async () => {
    const { refuseFailure } = await import('../../src/adapters/http.js')
    const rude: RequestListener = (_, response) => {
      response.writeHead(503, '::error::no').end()
    }
    await ask(rude, async question => {
      const answer = await question('/')
      expect(() => refuseFailure(answer)).toThrow(/^it answered 503 Service Unavailable$/)
    })
  })

  it('with headers without end is none', async () => {
    const endless: RequestListener = (_, response) => {
      response.writeHead(200, { x: 'x'.repeat(100_000) }).end()
    }
    await ask(endless, async question => {
      await expect(question('/')).rejects.toThrow(/header/i)
    })
  })
})

describe('patience', () => {
  it('is for all tries together', async () => {
    let tries = 0
    const asking = client().patiently(20, async inTime => {
      tries += 1
      if (tries === 1) throw new Error('the connection broke')
      await new Promise(resolve => inTime.addEventListener('abort', resolve))
      throw new Error('it took too long')
    })
    await expect(asking).rejects.toThrow('it was not done after 0.02 s')
  })
})
