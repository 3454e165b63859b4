import { insistOnCertificates } from '../../src/adapters/certificates.js'

describe('certificates of servers', () => {
  it('are checked, whatever the environment says, and it is said', () => {
    const env: NodeJS.ProcessEnv = { NODE_TLS_REJECT_UNAUTHORIZED: '0', NODE_EXTRA_CA_CERTS: '/ca.pem' }
    expect(insistOnCertificates(env)).toContain('NODE_TLS_REJECT_UNAUTHORIZED=0 has no effect here')
    // An authority of one's own counts.
    expect(env).toEqual({ NODE_EXTRA_CA_CERTS: '/ca.pem' })
  })

  it.each([{}, { NODE_TLS_REJECT_UNAUTHORIZED: '1' }, { NODE_TLS_REJECT_UNAUTHORIZED: '' }])(
    'are no matter in %j',
    env => {
      expect(insistOnCertificates({ ...env })).toBeUndefined()
    },
  )
})
