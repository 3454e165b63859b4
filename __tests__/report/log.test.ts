import { tellDiscovery } from '../../src/report/log.js'
import { anImage, RecordingConsole } from '../builders.js'

describe('tellDiscovery', () => {
  it('says what there is and what is left out, and shows what a name hides', () => {
    const console = new RecordingConsole()
    const discovery = {
      images: [anImage('we\u200bb', { safeName: 'we-b' }), anImage('api')],
      skipped: [{ image: anImage('old\u202e'), reason: 'images' as const }],
      ignored: [{ path: 'images/note\u009b.txt', reason: 'a file', suspicious: false }],
    }
    tellDiscovery(discovery, { imagesRoot: 'images' }, console)
    expect(console.lines).toEqual([
      'Images under images: we\\u{200b}b, api',
      'Skipped, as the input images asks: old\\u{202e}',
      'we\\u{200b}b is built as we-b: its name cannot stand in an image reference.',
      'Not an image: images/note\\u{9b}.txt: a file',
    ])
    tellDiscovery({ images: [], skipped: [], ignored: [] }, { imagesRoot: 'images' }, console)
    expect(console.lines.at(-1)).toBe('There is nothing to gate under images.')
  })
})
