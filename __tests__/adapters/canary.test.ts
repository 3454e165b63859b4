import { createHash } from 'node:crypto'
import jars from '../../src/adapters/canary-jars.json' with { type: 'json' }
import { checkCanary, checksCanary, javaCanary, vulnerabilityCanary } from '../../src/adapters/canary.js'
import { IntegrityError } from '../../src/errors.js'

describe('a canary', () => {
  it.each(Object.entries(jars))('is the JAR %s of Maven Central to the byte, and does not say so itself', (_, jar) => {
    const content = Buffer.from(jar.base64, 'base64')
    expect(createHash('sha1').update(content).digest('hex')).toBe(jar.sha1)
    expect(content.includes('pom.properties')).toBe(false)
    expect(Object.values(javaCanary.files)).toContainEqual(content)
    expect(Object.keys(javaCanary.files).join()).not.toMatch(/aopalliance|xmlpull/)
  })

  it.each([
    ['a vulnerability', vulnerabilityCanary, '"VulnerabilityID": "CVE-2019-10744"'],
    ['a Java package', javaCanary, '"Name": "aopalliance:aopalliance"'],
    ['a Java package of another group', javaCanary, '"Name":"org.example:xmlpull"'],
    ['a misconfiguration', checksCanary, '"ID": "DS-0002", "Status": "FAIL"'],
  ])('is found by %s', (_, canary, text) => {
    expect(() => {
      checkCanary(canary, `{${text}}`)
    }).not.toThrow()
  })

  it.each([
    ['a vulnerability', vulnerabilityCanary, '"Description": "\\"VulnerabilityID\\": \\"CVE-2019-10744\\""'],
    ['a Java package', javaCanary, '"Name": "aopalliance"'],
    ['a misconfiguration', checksCanary, '"ID": "DS-0002", "Status": "PASS"'],
  ])('is not found by what only looks like %s', (_, canary, text) => {
    for (const report of ['', '{}', `{${text}}`]) {
      expect(() => {
        checkCanary(canary, report)
      }).toThrow(IntegrityError)
    }
  })
})
