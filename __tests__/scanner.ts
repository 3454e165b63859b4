/** The scanner adapter with the test bed's Trivy and database, and nothing kept from run to run. */
import { createRunProcess } from '../src/adapters/process.js'
import { noShelf } from '../src/adapters/shelf.js'
import { TrivyScanner } from '../src/adapters/trivy-scanner.js'
import { thisPlatform } from '../src/adapters/workbench.js'
import { parseInputs, type RawInputs } from '../src/inputs.js'
import { bed, temporaryFolder } from './testbed.js'

/** @param raw inputs that differ from those of the test bed */
export function scannerWith(raw: RawInputs = {}): TrivyScanner {
  const { signal } = new AbortController()
  const given = { 'trivy-path': bed.trivy.path, 'db-repository': bed.database.repository, 'db-max-age': 'any', ...raw }
  return new TrivyScanner({
    settings: parseInputs(given, () => []).trivy,
    run: createRunProcess(signal),
    tempDir: temporaryFolder(),
    shelf: noShelf,
    credentials: [],
    platform: thisPlatform,
    signal,
    console: { info: () => undefined },
  })
}
