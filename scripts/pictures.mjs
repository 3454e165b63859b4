#!/usr/bin/env node
// @ts-check
/**
 * The pictures of docs/images: gates the example repository with its commented-out lines in force, renders what comes of
 * it as GitHub would, and photographs it in Chromium. `node scripts/pictures.mjs [FOLDER]`; by default docs/images. Look at
 * them before you commit them.
 */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { micromark } from 'micromark'
import { gfm, gfmHtml } from 'micromark-extension-gfm'
import { runAction } from '../testbed/runner.mjs'
import { runProgram } from '../testbed/shell.mjs'
import { folder } from '../testbed/state.mjs'
import { up } from '../testbed/testbed.mjs'
import { root } from './bundle.mjs'

const say = (/** @type {string} */ line) => void process.stdout.write(`${line}\n`)

/** What a page is shown in: its width on github.com, and how much of it a picture shows. */
const frames = {
  summary: { width: 1060, height: 1500 },
  comment: { width: 860, height: 1100 },
  report: { width: 1280, height: 1100 },
}

/** A job summary or a comment as GitHub shows it, in its style. @param {string} markdown @param {number} fontSize */
function asOnGitHub(markdown, fontSize) {
  const css = readFileSync(join(root, 'node_modules/github-markdown-css/github-markdown.css'), 'utf8')
  // Alerts are GitHub's own, on top of its Markdown.
  const html = micromark(markdown, { extensions: [gfm()], htmlExtensions: [gfmHtml()], allowDangerousHtml: true })
    .replace(/<blockquote>\s*<p>\[!WARNING\]<\/p>/g, '<blockquote class="warning"><p><b>Warning</b></p>')
    .replace('<details>', '<details open>')
  const style = `${css} body.markdown-body { margin: 0; padding: 20px; font-size: ${String(fontSize)}px; } blockquote.warning { border-color: #9a6700 !important; }`
  return `<!doctype html><html><head><meta charset="utf-8"><meta name="color-scheme" content="light dark"><style>${style}</style></head><body class="markdown-body">${html}</body></html>`
}

/** @param {string} work */
async function gateExamples(work) {
  const bed = await up(['engine', 'base', 'trivy', 'database', 'node24', 'chromium'], { log: say })
  const workspace = join(work, 'registry')
  cpSync(join(root, 'examples/registry'), workspace, { recursive: true })
  const dockerfile = join(workspace, 'docker-builder/registry-repos/debian-updates/Dockerfile')
  writeFileSync(dockerfile, readFileSync(dockerfile, 'utf8').replace(/^#((RUN|COPY) | &&)/gm, '$1'))
  const reports = join(work, 'reports')
  const sha = '77e79ae0c0ffee77e79ae0c0ffee77e79ae0c0ff'
  const { summary, outputs, log } = await runAction({
    workspace,
    work: join(work, 'runner'),
    node: bed.node24?.path ?? process.execPath,
    toolCache: folder('demo-tools'),
    inputs: {
      'trivy-path': bed.trivy?.path ?? '',
      'db-repository': bed.database?.repository ?? '',
      // The small database is as old as it is.
      'db-max-age': 'any',
      'report-dir': reports,
      comment: 'never',
    },
    env: { ...bed.env, GITHUB_SHA: sha, GITHUB_JOB: 'image-gate' },
    event: { pull_request: { number: 7, head: { sha } } },
  })
  if (outputs['result'] !== 'blocked') throw new Error(`the examples are not red:\n${log.slice(-2000)}`)
  const comment = readFileSync(join(reports, 'comment.md'), 'utf8')
  return { chromium: bed.chromium?.path ?? 'chromium', summary, comment, html: join(reports, 'report.html') }
}

/**
 * @param {string} chromium @param {string} page @param {string} picture
 * @param {{width: number, height: number}} frame @param {'light' | 'dark'} scheme @param {string} profile
 */
async function photograph(chromium, page, picture, { width, height }, scheme, profile) {
  const quiet = ['--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync']
  await runProgram(chromium, [
    ...['--headless', '--no-sandbox', '--disable-gpu', '--hide-scrollbars', ...quiet, `--user-data-dir=${profile}`],
    // Blink's names: 0 is dark, 1 is light.
    `--blink-settings=preferredColorScheme=${scheme === 'dark' ? '0' : '1'}`,
    `--window-size=${String(width)},${String(height)}`,
    `--screenshot=${picture}`,
    `file://${page}`,
  ])
  say(picture)
}

const target = resolve(process.argv[2] ?? join(root, 'docs/images'))
const work = mkdtempSync(join(tmpdir(), 'image-gate-pictures-'))
try {
  mkdirSync(target, { recursive: true })
  const { chromium, summary, comment, html } = await gateExamples(work)
  const pages = { summary: join(work, 'summary.html'), comment: join(work, 'comment.html'), report: html }
  writeFileSync(pages.summary, asOnGitHub(summary, 16))
  writeFileSync(pages.comment, asOnGitHub(comment, 14))
  for (const name of /** @type {(keyof typeof pages)[]} */ (Object.keys(pages))) {
    for (const scheme of /** @type {const} */ (['light', 'dark'])) {
      const picture = join(target, `${name}${scheme === 'dark' ? '-dark' : ''}.png`)
      await photograph(chromium, pages[name], picture, frames[name], scheme, join(work, 'profile'))
    }
  }
} finally {
  rmSync(work, { recursive: true, force: true })
}
