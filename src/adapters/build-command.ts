/** One `docker buildx build`: its arguments, and what it tells of what it built. */
import { readFile } from 'node:fs/promises'
import { IntegrityError, messageOf, ToolError } from '../errors.js'
import type { BuildRequest } from '../ports.js'

/**
 * The arguments of one build, beside where its result goes. Attestations are off: they would turn the image into an
 * index of several.
 *
 * Fresh is not `--no-cache`: with that, BuildKit runs a step that several images share once only if they happen to be
 * built at the same time. A host name that no other run has becomes a part of every RUN step instead, so that none
 * of an earlier run is the same, and each of this run runs once. Steps without a command (COPY, WORKDIR) depend on
 * nothing but their content.
 * @param readsPolicies whether this buildx (0.31 and later) runs the `Dockerfile.rego` that lies beside a Dockerfile: a
 * program of the pull request's, on the runner itself, which decides what the build may take
 */
export function buildArgs(request: BuildRequest, metadataFile: string, readsPolicies: boolean): string[] {
  const { contextDir, dockerfile, fresh, platform } = request
  return [
    '--progress=rawjson',
    '--provenance=false',
    ...(readsPolicies ? ['--policy', 'disabled=true'] : []),
    ...['--metadata-file', metadataFile],
    ...(fresh === undefined ? [] : ['--add-host', fresh.host]),
    ...(fresh?.pull === true ? ['--pull'] : []),
    ...(platform === undefined ? [] : ['--platform', platform]),
    ...request.buildArgs.flatMap(argument => ['--build-arg', argument]),
    // The last one counts. BuildKit reads it itself; no Dockerfile needs an ARG for it, and none warns of it.
    ...(fresh === undefined ? [] : ['--build-arg', `BUILDKIT_CACHE_MOUNT_NS=${fresh.cacheMounts}`]),
    ...['--file', dockerfile],
    contextDir,
  ]
}

/**
 * The ID of the image that a line of BuildKit's progress says is exported. In what a Dockerfile puts there quotation marks
 * are escaped.
 */
export function exportedDigest(line: string): string | undefined {
  return /"id":"(?:exporting manifest|writing image) (sha256:[0-9a-f]{64})"/.exec(line)?.[1]
}

/**
 * A line of BuildKit's progress without these words. What steps print is in it as base64, as a rule a line or more at a time: a
 * word that a step prints in pieces is not found.
 */
export function hideSecrets(line: string, secrets: readonly string[]): string {
  if (secrets.length === 0) return line
  const hide = (text: string): string => secrets.reduce((rest, secret) => rest.replaceAll(secret, '***'), text)
  const progress = line.startsWith('{') ? parseObject(line) : undefined
  if (progress === undefined) return hide(line)
  return JSON.stringify(progress, (key, value: unknown) => {
    if (typeof value !== 'string' || key === 'digest') return value
    if (key !== 'data') return hide(value)
    return Buffer.from(hide(Buffer.from(value, 'base64').toString())).toString('base64')
  })
}

/** @param said the images that the client spoke of while it built */
export async function readMetadata(
  metadataFile: string,
  said: ReadonlySet<string>,
): Promise<{ imageId: string; provenance?: unknown }> {
  try {
    const metadata = parseObject(await readFile(metadataFile, 'utf8')) ?? {}
    const { 'containerimage.digest': digest, 'buildx.build.provenance': provenance } = metadata
    if (typeof digest !== 'string' || !/^sha256:[0-9a-f]{64}$/.test(digest)) throw new Error('it names no image')
    // What is scanned hangs on this one word; a client that says nothing of it while it builds is believed.
    if (said.size === 1 && !said.has(digest)) {
      throw new IntegrityError(
        `docker buildx build built ${[...said].join()}, and its metadata file names another image, ${digest}`,
        'Check the docker client and its buildx plugin, and what else runs on this machine, then build again.',
      )
    }
    return { imageId: digest, provenance }
  } catch (error) {
    if (error instanceof IntegrityError) throw error
    throw new ToolError(
      `docker buildx build left no usable metadata file: ${messageOf(error)}`,
      'Use buildx 0.10 or later; docker buildx version tells.',
    )
  }
}

export function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}
