import { createHash } from 'node:crypto'
import { freshMarks, randomLength } from '../../src/build/freshness.js'

/** Bytes that look random, and are the same each time. */
const bytes = (seed: number): Buffer => createHash('sha256').update(String(seed)).digest()

const many = Array.from({ length: 500 }, (_, seed) => freshMarks(bytes(seed)))

describe('freshMarks', () => {
  it('are others in every run', () => {
    expect(bytes(1)).toHaveLength(randomLength)
    const words = many.flatMap(({ head, base }) => [head.host, head.cacheMounts, base.cacheMounts])
    expect(new Set(words).size).toBe(words.length)
  })

  it('share the RUN steps of both revisions, and no cache mount', () => {
    for (const { head, base } of many) {
      expect(head.host).toBe(base.host)
      expect(head.cacheMounts).not.toBe(base.cacheMounts)
    }
  })

  it('have a host name and an address in which nothing is the same each time', () => {
    const hosts = many.map(({ head }) => head.host)
    for (const host of hosts)
      expect(host).toMatch(/^[a-z]{10,13}\.[a-z]{2,6}:10\.(\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-5])(\.\d{1,3}){2}$/)
    // Neither the end of the name, nor its length, nor a number of the address.
    const parts = hosts.map(host => /^(\w+)\.(\w+):10\.(\d+)\.(\d+)\.(\d+)$/.exec(host)?.slice(1) ?? [])
    for (const at of [1, 2, 3, 4]) expect(new Set(parts.map(part => part[at])).size).toBeGreaterThan(10)
    expect(new Set(parts.map(part => part[0]?.length)).size).toBe(4)
  })
})
