// @ts-check
// The quick checks alone: no engine, no Docker. Ends with `N passed, N failed`.
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { conclude, perform, quickChecks } from './checks.mjs'

process.chdir(join(dirname(fileURLToPath(import.meta.url)), '..'))
conclude(await Promise.all(quickChecks.map(perform)))
