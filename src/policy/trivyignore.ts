/** Trivy's own files of exceptions, read as Trivy reads them, but for what Trivy silently drops. */
import type { Exception, PolicyPart } from '../model.js'
import { readDocument } from './check.js'
import { clean, isTooBig, type Mistakes } from './document.js'
import { startOf } from './day.js'
import { trivyIgnoreSchema, type TrivyEntry } from './schema.js'

type Warning = PolicyPart['warnings'][number]

/** `ID [exp:YYYY-MM-DD]` a line. It expires when the day begins, as with Trivy. */
export function readTrivyIgnore(file: string, text: string, mistakes: Mistakes): PolicyPart {
  if (isTooBig(file, text, mistakes)) return { exceptions: [], warnings: [] }
  const exceptions: Exception[] = []
  const warnings: Warning[] = []
  let comments: string[] = []
  for (const [index, line] of text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .entries()) {
    const [words = '', ...rest] = line.split(/(?:^|\s)#/)
    const [id, ...options] = words.trim().split(/\s+/)
    if (id === undefined || id === '') {
      if (rest.length === 0) comments = []
      else comments.push(rest.join('#').trim())
      continue
    }
    const place = { file, lines: { start: index + 1, end: index + 1 } }
    const until = readOptions(options, text => {
      mistakes.add(file, index + 1, line.indexOf(id) + 1, text)
    })
    const reason = [...comments, ...rest.map(comment => comment.trim())].join(' ').trim()
    comments = []
    if (until === undefined && options.length === 0) warnings.push(withoutEnd(id, place))
    exceptions.push({
      ...blank,
      id,
      place,
      ...(reason === '' ? {} : { reason }),
      ...(until === undefined ? {} : { until }),
    })
  }
  return { exceptions, warnings }
}

const blank = { images: [], packages: [], paths: [], source: 'trivyignore' as const }

function withoutEnd(id: string, place: Warning['place']): Warning {
  return { place, message: `${clean(id)} is excepted without an expiry date` }
}

function readOptions(options: readonly string[], refuse: (text: string) => void): string | undefined {
  let until: string | undefined
  if (options.length > 1) refuse('there is more than one expiry date')
  for (const option of options) {
    const date = /^exp:(\d{4}-\d{2}-\d{2})$/.exec(option)?.[1]
    until = date === undefined ? undefined : startOf(date)
    if (date === undefined) refuse(`'${clean(option)}' is not of the form exp:YYYY-MM-DD`)
    else if (until === undefined) refuse(`${date} is not a day that there is`)
  }
  return until
}

export function readTrivyIgnoreYaml(file: string, text: string, mistakes: Mistakes): PolicyPart {
  const document = readDocument(file, text, trivyIgnoreSchema, mistakes)
  if (document === undefined) return { exceptions: [], warnings: [] }
  const exceptions: Exception[] = []
  const warnings: Warning[] = []
  for (const kind of ['vulnerabilities', 'misconfigurations', 'secrets'] as const) {
    for (const [index, entry] of (document.value[kind] ?? []).entries()) {
      const path = [kind, index]
      const place = document.place(path)
      const until = entry.expired_at === undefined ? undefined : instantOf(entry.expired_at)
      if (entry.expired_at === undefined) warnings.push(withoutEnd(entry.id, place))
      else if (until === undefined)
        document.refuse([...path, 'expired_at'], `${entry.expired_at} is not a day that there is`)
      exceptions.push({ ...toException(entry), place, ...(until === undefined ? {} : { until }) })
    }
  }
  if (document.value.licenses !== undefined) {
    warnings.push({
      place: document.place(['licenses']),
      message: 'licences are not looked for, so these entries do nothing',
    })
  }
  return { exceptions, warnings }
}

function toException({ id, paths, purls, statement }: TrivyEntry): Omit<Exception, 'place'> {
  const reason = statement === undefined ? {} : { reason: statement }
  return { ...blank, id, paths: paths ?? [], packages: purls ?? [], ...reason }
}

function instantOf(date: string): string | undefined {
  const start = startOf(date.slice(0, 10))
  if (start === undefined || date.length === 10) return start
  const time = new Date(date)
  return Number.isNaN(time.getTime()) ? undefined : time.toISOString()
}
