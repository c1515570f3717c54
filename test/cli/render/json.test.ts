import { expect, it } from 'vitest';
import { errorJson, eventJson, reportJson } from '../../../src/cli/render/json.ts';
import { byteString, fromText } from '../../../src/system/byte-string.ts';
import { failure } from '../../../src/system/errors.ts';
import { entry, report } from '../report.ts';

const parse = (line: string): unknown => {
  expect(line).toMatch(/^[^\n]*\n$/);
  return JSON.parse(line);
};

it('tells entries, with names as text', () => {
  const facts = {
    path: fromText('é\n\u2028'),
    target: fromText('t'),
    changes: ['created'],
    size: 3,
  } as const;
  expect(parse(eventJson(entry(facts)))).toEqual({
    type: 'entry',
    action: 'copy',
    path: 'é\n\u2028',
    kind: 'file',
    changes: ['created'],
    size: 3,
    target: 't',
  });
  expect(parse(eventJson(entry({ fromBasis: true, leader: fromText('a') })))).toMatchObject({
    fromBasis: true,
    leader: 'a',
  });
});

it('adds the bytes of names that are not UTF-8', () => {
  expect(parse(eventJson(entry({ path: byteString('a\xff') })))).toMatchObject({
    path: 'a\ufffd',
    pathBytes: Buffer.from([0x61, 0xff]).toString('base64'),
  });
});

it('keeps a byte order mark in a name', () => {
  expect(parse(eventJson(entry({ path: fromText('\ufeffa') })))).toMatchObject({ path: '\ufeffa' });
});

it('tells problems and errors with code and facts', () => {
  const error = failure('NOT_FOUND', { path: 'x' });
  const expected = { code: 'NOT_FOUND', message: 'x does not exist', facts: { path: 'x' } };
  expect(parse(eventJson({ type: 'problem', path: fromText('x'), error }))).toEqual({
    type: 'problem',
    path: 'x',
    ...expected,
  });
  expect(parse(errorJson(error, 23))).toEqual({ type: 'error', status: 23, ...expected });
  expect(parse(errorJson(new TypeError('oops'), 70))).toMatchObject({ code: 'INTERNAL', message: 'oops' });
});

it('ends with the report', () => {
  expect(parse(reportJson(report({ vanished: 1 }), 24))).toEqual({
    type: 'report',
    status: 24,
    ...report({ vanished: 1 }),
  });
});
