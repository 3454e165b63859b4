import { parseReference } from '../../src/adapters/reference.js'

const digest = `sha256:${'a'.repeat(64)}`

describe('parseReference', () => {
  it.each([
    ['ghcr.io/aquasecurity/trivy-db:2', 'ghcr.io', 'https://ghcr.io', 'aquasecurity/trivy-db', '2'],
    ['mirror.gcr.io/aquasec/trivy-db', 'mirror.gcr.io', 'https://mirror.gcr.io', 'aquasec/trivy-db', 'latest'],
    ['aquasec/trivy-db:2', 'docker.io', 'https://registry-1.docker.io', 'aquasec/trivy-db', '2'],
    ['docker.io/aquasec/trivy-db:2', 'docker.io', 'https://registry-1.docker.io', 'aquasec/trivy-db', '2'],
    ['127.0.0.1:5000/db:2', '127.0.0.1:5000', 'http://127.0.0.1:5000', 'db', '2'],
    ['localhost:5000/a/b', 'localhost:5000', 'http://localhost:5000', 'a/b', 'latest'],
    ['127.evil.example/db', '127.evil.example', 'https://127.evil.example', 'db', 'latest'],
    ['GHCR.io/a/b:1', 'ghcr.io', 'https://ghcr.io', 'a/b', '1'],
    ['10.0.0.1:5000/db', '10.0.0.1:5000', 'https://10.0.0.1:5000', 'db', 'latest'],
    [`example.com/db@${digest}`, 'example.com', 'https://example.com', 'db', digest],
    [`example.com/db:2@${digest}`, 'example.com', 'https://example.com', 'db', digest],
  ])('reads %s', (text, registry, base, name, version) => {
    expect(parseReference(text, 'latest')).toEqual({ registry, base, name, version })
  })
})
