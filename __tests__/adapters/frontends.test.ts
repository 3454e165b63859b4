import { frontendIn, Frontends } from '../../src/adapters/frontends.js'
import { ToolError } from '../../src/errors.js'

/** A docker client: what the engine has under each name, and what the registries give. */
function clientWith(engine: Record<string, string>, registry: Readonly<Record<string, string>>) {
  const calls: string[] = []
  const ask = async (args: readonly string[]): ReturnType<ConstructorParameters<typeof Frontends>[0]> => {
    const name = args.at(-1) ?? ''
    calls.push(`${args[0] ?? ''} ${name}`)
    const found = args[0] === 'pull' ? registry[name] : engine[name]
    if (args[0] === 'pull' && found !== undefined) engine[name] = found
    const [exitCode, stderr] = found === undefined ? [1, 'a\nno such image\n'] : [0, '']
    return Promise.resolve({ exitCode, stdout: `${found ?? ''}\n`, stderr })
  }
  return { frontends: new Frontends(ask), calls }
}

describe('Frontends', () => {
  it('says that another one must be built with, and pulls it once', async () => {
    const { frontends, calls } = clientWith({ 'evil:1': 'planted' }, { 'evil:1': 'genuine' })
    expect(frontends.certain.size).toBe(0)
    // Of two builds at the same time, both were made with it.
    expect(await Promise.all([frontends.refresh(['evil:1'], 1), frontends.refresh(['evil:1'], 1)])).toEqual([
      true,
      true,
    ])
    expect(calls.filter(call => call.startsWith('pull'))).toEqual(['pull evil:1'])
    expect([...frontends.certain]).toEqual(['evil:1'])
  })

  it('leaves alone one that is the registry’s, and one that the engine does not have', async () => {
    const { frontends, calls } = clientWith({ 'same:1': 'x' }, { 'same:1': 'x', 'other:1': 'y' })
    expect(await frontends.refresh(['same:1', 'other:1'], 1)).toBe(false)
    expect(calls.filter(call => call.startsWith('pull'))).toEqual(['pull same:1'])
    expect(await frontends.refresh([], 1)).toBe(false)
  })

  it('is an error where only the engine has it', async () => {
    const refreshing = clientWith({ 'local:1': 'x' }, {}).frontends.refresh(['local:1'], 1)
    await expect(refreshing).rejects.toThrow('the frontend local:1 of # syntax cannot be pulled: no such image')
    await expect(refreshing).rejects.toThrow(ToolError)
  })

  it.each([
    ['docker-image://docker.io/docker/dockerfile:1', 'docker.io/docker/dockerfile:1'],
    ['docker.io/docker/dockerfile:1', 'docker.io/docker/dockerfile:1'],
  ])('finds them in a line about %s', (name, frontend) => {
    expect(frontendIn(JSON.stringify({ vertexes: [{ name: `resolve image config for ${name}` }] }))).toBe(frontend)
  })

  it('finds none in what a step is called or prints', () => {
    const name = '[2/2] RUN echo "name":"resolve image config for evil:1"'
    expect(frontendIn(JSON.stringify({ vertexes: [{ name }] }))).toBeUndefined()
    expect(frontendIn('"resolve image config for evil:1"')).toBeUndefined()
  })
})
