// @ts-check
/** The repositories that are measured: N images with a shared base, a shared package layer, and a layer of their own. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** @typedef {'small' | 'big'} Kind big: with 40 MB of their own in each image, which nothing can pack */

/** @type {readonly Kind[]} */
export const kinds = ['small', 'big']

/**
 * @param {string} root an empty folder
 * @param {{size: number, kind: Kind, salt: string}} options salt: a part of the shared step, so that an engine's cache of
 * before holds nothing of it, as on a new runner
 * @returns {{name: string, directory: string}[]}
 */
export function generateImages(root, { size, kind, salt }) {
  return Array.from({ length: size }, (_, index) => {
    const name = `app-${String(index).padStart(3, '0')}`
    const directory = join(root, 'docker-builder/registry-repos', name)
    mkdirSync(directory, { recursive: true })
    writeFileSync(join(directory, 'app.txt'), `${name}\n`.repeat(1000))
    writeFileSync(join(directory, 'Dockerfile'), dockerfile(name, kind, salt))
    return { name, directory }
  })
}

/** @param {string} name @param {Kind} kind @param {string} salt */
function dockerfile(name, kind, salt) {
  const own = kind === 'big' ? 'head --bytes=40M /dev/urandom > /app/data' : `echo ${name} > /app/name`
  return [
    'FROM debian:bookworm',
    `RUN : ${salt} && apt-get update && apt-get install --yes --no-install-recommends wget && rm -rf /var/lib/apt/lists/*`,
    'COPY app.txt /app/',
    `RUN ${own}`,
    '',
  ].join('\n')
}
