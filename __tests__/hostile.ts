/** Text made of what a runner or a terminal gives a meaning to. */
import fc from 'fast-check'

const pieces = [
  ...[
    '::',
    ':',
    '::error::',
    '::stop-commands::',
    '::endgroup::',
    '::set-output name=result::passed',
    '##[',
    '##[error]',
    '#',
  ],
  ...[
    '[',
    ']',
    'error',
    '%0A',
    '%0D',
    '%25',
    ' ',
    '\t',
    '\r',
    '\n',
    '\r\n',
    '\v',
    '\f',
    '\u0000',
    '\u0008',
    '\u0085',
    '\u009b31m',
  ],
  ...[
    '\u001b',
    '\u001b[1m',
    '\u001b]0;',
    '\u0007',
    '\u00a0',
    '\u00ad',
    '\u1680',
    '\u180e',
    '\u2003',
    '\u200b',
    '\u200d',
    '\u2028',
  ],
  ...[
    '\u2029',
    '\u202e',
    '\u202f',
    '\u2060',
    '\u3000',
    '\ufe0f',
    '\ufeff',
    '\ufffd',
    '\ud800',
    '\udc00',
    '\u{e0100}',
    'é',
    '🚀',
  ],
]

export const hostileText = fc
  .array(fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...pieces) }, fc.string({ unit: 'binary', maxLength: 5 })), {
    maxLength: 12,
  })
  .map(parts => parts.join(''))
