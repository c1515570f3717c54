import { describe, expect, it } from 'vitest';
import { differenceJson, differenceLine, differenceSummary } from '../../../src/cli/render/difference.ts';
import {
  findingJson,
  findingLine,
  verificationJson,
  verificationLine,
} from '../../../src/cli/render/finding.ts';
import { snapshotJson, snapshotTable } from '../../../src/cli/render/snapshot-list.ts';
import type { Difference, SnapshotInfo, Verification, VerifyFinding } from '../../../src/snapshot/index.ts';
import { byteString, fromText } from '../../../src/system/byte-string.ts';
import { failure } from '../../../src/system/errors.ts';

const NOT_UTF8 = byteString('caf\xe9\x1b');

describe('the list of snapshots', () => {
  const totals = {
    finished: 1_700_000_000_500_000,
    files: 1234,
    directories: 5,
    symlinks: 0,
    others: 0,
    bytes: 5_678_901,
    newFiles: 1,
    newBytes: 99,
    linkedFiles: 1233,
    linkedBytes: 5_678_802,
    failed: 0,
  };
  const all: SnapshotInfo[] = [
    { id: '20261101T010000', state: 'complete', totals },
    { id: '20261102T010000', state: 'complete', totals: { ...totals, files: 7, failed: 2 } },
    {
      id: '20261103T010000',
      state: 'damaged',
      problem: failure('MANIFEST_DAMAGED', { path: 'm', detail: 'its end is missing' }),
    },
    { id: '20261104T010000', state: 'removed' },
    { id: '20261105T010000', state: 'unfinished' },
  ];

  it('is a table', () => {
    expect(snapshotTable(all)).toBe(
      [
        'SNAPSHOT         FILES     SIZE   NEW   LINKED  STATE',
        '20261101T010000  1,234  5.68 MB  99 B  5.68 MB  complete',
        '20261102T010000      7  5.68 MB  99 B  5.68 MB  complete, but for 2 unreadable',
        '20261103T010000      -        -     -        -  damaged: the manifest m is damaged: its end is missing',
        '20261104T010000      -        -     -        -  being removed',
        '20261105T010000      -        -     -        -  unfinished',
        '',
      ].join('\n'),
    );
  });

  it('is one JSON object a line', () => {
    expect(all.map((info) => JSON.parse(snapshotJson(info)))).toMatchObject([
      {
        type: 'snapshot',
        id: '20261101T010000',
        state: 'complete',
        finished: '2023-11-14T22:13:20.500Z',
        files: 1234,
      },
      { failed: 2 },
      { state: 'damaged', code: 'MANIFEST_DAMAGED', facts: { path: 'm' } },
      { type: 'snapshot', id: '20261104T010000', state: 'removed' },
      { state: 'unfinished' },
    ]);
  });
});

describe('a difference', () => {
  const made: Difference = {
    path: fromText('d/ü'),
    kind: 'created',
    type: 'file',
    changes: ['created'],
    sizeBefore: 0,
    sizeAfter: 3,
  };

  it.each<[string, Partial<Difference>]>([
    ['created  d/ü (3 B)', {}],
    ['removed  d/ü (5 B)', { kind: 'removed', sizeBefore: 5, sizeAfter: 0 }],
    ['changed  d/ü (content; 3 B)', { kind: 'changed', changes: ['content'], sizeBefore: 3 }],
    [
      'changed  d/ü (size, time; 3 B, was 5 B)',
      { kind: 'changed', changes: ['size', 'time'], sizeBefore: 5 },
    ],
    ['created  d/ü/', { type: 'directory', sizeAfter: 0 }],
    ['changed  . (mode)', { kind: 'changed', type: 'directory', changes: ['mode'], path: fromText('') }],
    ['changed  l (target)', { kind: 'changed', type: 'symlink', changes: ['target'], path: fromText('l') }],
    ['created  caf\\#351\\#033 (3 B)', { path: NOT_UTF8 }],
  ])('%s', (line, fields) => expect(differenceLine({ ...made, ...fields })).toBe(`${line}\n`));

  it('is JSON for programs, names that are no text as bytes too', () => {
    expect(JSON.parse(differenceJson({ ...made, path: NOT_UTF8 }))).toEqual({
      type: 'difference',
      difference: 'created',
      path: 'caf\ufffd\x1b',
      pathBytes: Buffer.from('caf\xe9\x1b', 'latin1').toString('base64'),
      kind: 'file',
      sizeBefore: 0,
      sizeAfter: 3,
    });
  });

  it('adds up to a line', () => {
    const counts = { created: 1, changed: 2000, removed: 0 };
    const bytes = { createdBytes: 5, changedBytes: 1_500_000, removedBytes: 0 };
    expect(differenceSummary({ ...counts, ...bytes })).toBe(
      '1 created (5 B), 2,000 changed (1.50 MB), 0 removed (0 B)\n',
    );
  });
});

describe('a finding', () => {
  const damaged: VerifyFinding = {
    kind: 'damaged',
    path: fromText('d/f'),
    type: 'file',
    changes: ['content', 'time'],
    error: undefined,
    snapshot: '20261101T010000',
    side: 'snapshot',
  };
  const unreadable = {
    kind: 'unreadable',
    changes: [],
    error: failure('IO', { path: 'd/f', detail: 'EIO' }),
  } as const;

  it.each<[string, Partial<VerifyFinding>]>([
    ['damaged     20261101T010000/d/f (content, time)', {}],
    [
      'missing     20261101T010000/d/',
      { kind: 'missing', type: 'directory', path: fromText('d'), changes: [] },
    ],
    [
      'attributes  20261101T010000/ (mode)',
      { kind: 'attributes', path: fromText(''), type: 'directory', changes: ['mode'] },
    ],
    ['unreadable  20261101T010000/d/f (input/output error on d/f: EIO)', unreadable],
    ['different   host:src/d/f (content, time)', { side: 'source' }],
    ['gone        host:src/d/f', { side: 'source', kind: 'missing', changes: [] }],
    ['new         host:src/d/f', { side: 'source', kind: 'added', changes: [] }],
  ])('%s', (line, fields) => expect(findingLine({ ...damaged, ...fields }, 'host:src/')).toBe(`${line}\n`));

  it('is JSON for programs', () => {
    expect(JSON.parse(findingJson({ ...damaged, ...unreadable }))).toEqual({
      type: 'finding',
      finding: 'unreadable',
      side: 'snapshot',
      snapshot: '20261101T010000',
      path: 'd/f',
      kind: 'file',
      changes: [],
      code: 'IO',
      message: 'input/output error on d/f: EIO',
      facts: { path: 'd/f', detail: 'EIO' },
    });
  });
});

describe('a verification', () => {
  const clean: Verification = {
    snapshot: '20261101T010000',
    side: 'snapshot',
    files: 1000,
    bytes: 2000,
    findings: { missing: 0, added: 0, damaged: 0, attributes: 0, unreadable: 0 },
    problem: undefined,
  };
  const problem = failure('MANIFEST_DAMAGED', { path: 'm', detail: 'x' });

  it.each<[string, Partial<Verification>]>([
    ['20261101T010000: 1,000 files (2.00 kB) compared by content, nothing wrong', {}],
    [
      '20261101T010000: 1,000 files (2.00 kB) compared by content, 1 missing, 2 damaged',
      { findings: { ...clean.findings, missing: 1, damaged: 2 } },
    ],
    [
      'src against 20261101T010000: 1,000 files (2.00 kB) compared by content, 3 new',
      { side: 'source', findings: { ...clean.findings, added: 3 } },
    ],
    ['20261101T010000: cannot be verified: the manifest m is damaged: x', { problem }],
  ])('%s', (line, fields) => expect(verificationLine({ ...clean, ...fields }, 'src')).toBe(`${line}\n`));

  it('is JSON for programs', () => {
    expect(JSON.parse(verificationJson({ ...clean, problem }))).toMatchObject({
      type: 'verification',
      snapshot: '20261101T010000',
      files: 1000,
      code: 'MANIFEST_DAMAGED',
    });
  });
});
