import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { explainFullDisk } from '../../src/adapters/full-disk.js'
import { IntegrityError, ToolError } from '../../src/errors.js'

function errorOf(action: () => unknown): unknown {
  try {
    action()
  } catch (error) {
    return error
  }
  return undefined
}

describe('explainFullDisk', () => {
  it('says that the disk is full', () => {
    const full = Object.assign(new Error('write'), { code: 'ENOSPC', syscall: 'write' })
    expect(() => explainFullDisk(full)).toThrow('the disk is full: no space was left')
  })

  it('makes an error with an advice of whatever else the file system refuses', () => {
    const folder = mkdtempSync(join(tmpdir(), 'image-gate-test-'))
    const refused = errorOf(() => readFileSync(folder, 'utf8'))
    rmSync(folder, { recursive: true })
    expect(() => explainFullDisk(refused)).toThrow('the file system refused: EISDIR')
    expect(() => explainFullDisk(refused)).toThrow(ToolError)
    const long = Object.assign(new Error('too long'), { code: 'ERR_STRING_TOO_LONG' })
    expect(() => explainFullDisk(long)).toThrow(ToolError)
  })

  it('lets anything else through', () => {
    const error = new IntegrityError('not what it says', 'Look.')
    expect(errorOf(() => explainFullDisk(error))).toBe(error)
    const defect = new TypeError('x is not a function')
    expect(errorOf(() => explainFullDisk(defect))).toBe(defect)
  })
})
