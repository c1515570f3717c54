import { describe, expect, it } from 'vitest';
import { itemize } from '../../../src/cli/render/itemize.ts';
import { entryLine } from '../../../src/cli/render/text.ts';
import type { EntryEvent } from '../../../src/sync/report.ts';
import { byteString, fromText } from '../../../src/system/byte-string.ts';
import { entry } from '../report.ts';

const PULL = { remoteDestination: false, times: true, checksum: false };
const directory = { kind: 'directory', path: fromText('d') } as const;
const link = { kind: 'symlink', action: 'symlink', target: fromText('t') } as const;

describe('itemized lines', () => {
  it.each<[string, Partial<EntryEvent>]>([
    ['>f+++++++++ x', { changes: ['created'] }],
    ['>f.st...... x', { changes: ['size', 'time'] }],
    ['>f..tpog... x', { changes: ['time', 'mode', 'owner', 'group'] }],
    ['>fc........ x', { changes: ['content'] }],
    ['>f+++++++++ x', { changes: ['type'] }],
    ['.f...p..... x', { action: 'attributes', changes: ['mode'] }],
    ['cf...p..... x', { changes: ['mode'], fromBasis: true }],
    ['hf          x', { action: 'link', changes: ['created'] }],
    ['hL          x -> t', { ...link, action: 'link', changes: ['created'] }],
    ['hf+++++++++ x => a', { action: 'link', changes: ['created'], leader: fromText('a') }],
    ['cd+++++++++ d/', { ...directory, action: 'directory', changes: ['created'] }],
    ['.d..t...... d/', { ...directory, action: 'attributes', changes: ['time'] }],
    ['.d..t...... ./', { ...directory, path: fromText(''), action: 'attributes', changes: ['time'] }],
    ['cL+++++++++ x -> t', { ...link, changes: ['created'] }],
    ['cLc.t...... x -> t', { ...link, changes: ['target', 'time'] }],
    ['.L..t...... x -> t', { ...link, changes: ['time'] }],
    ['*deleting   x', { action: 'remove' }],
    ['*deleting   d/', { ...directory, action: 'remove' }],
  ])('%s', (line, facts) => {
    expect(itemize(entry(facts), PULL)).toBe(line);
  });

  it('point to another host', () => {
    expect(itemize(entry({ changes: ['size'] }), { ...PULL, remoteDestination: true })).toBe('<f.s....... x');
  });

  it('tell the time of the transfer where times are not kept', () => {
    const options = { ...PULL, times: false };
    expect(itemize(entry({ changes: ['time'] }), options)).toBe('>f..T...... x');
    expect(itemize(entry({ ...link, changes: ['target'] }), options)).toBe('cLc.T...... x -> t');
    expect(itemize(entry({ action: 'attributes', changes: ['mode'] }), options)).toBe('.f...p..... x');
  });

  it('tell that content was compared', () => {
    const options = { ...PULL, checksum: true };
    expect(itemize(entry({ changes: ['size'] }), options)).toBe('>fcs....... x');
    expect(itemize(entry({ changes: ['created'] }), options)).toBe('>f+++++++++ x');
    expect(itemize(entry({ action: 'attributes', changes: ['time'] }), options)).toBe('.f..t...... x');
  });

  it('show names as rsync does', () => {
    const name = (text: string) =>
      itemize(entry({ path: byteString(text), changes: ['size'] }), PULL).slice(12);
    expect(name('a\nb')).toBe('a\\#012b');
    expect(name('a\xff')).toBe('a\\#377');
    expect(name('\xc3\xa9')).toBe('é');
    expect(name('a\\#012')).toBe('a\\#134#012');
    expect(name('a\\#01')).toBe('a\\#01');
  });
});

describe('lines of a verbose run', () => {
  const line = (facts: Partial<EntryEvent>, verbosity: number, itemized = 0) =>
    entryLine(entry(facts), { ...PULL, verbosity, itemize: itemized });

  it('are names', () => {
    expect(line({ changes: ['created'] }, 1)).toBe('x\n');
    expect(line({ ...link, changes: ['created'] }, 1)).toBe('x -> t\n');
    expect(line({ action: 'remove' }, 1)).toBe('deleting x\n');
    expect(line({ ...directory, action: 'attributes' }, 1)).toBe('d/\n');
  });

  it('leave files out that only got other attributes, unless more is asked for', () => {
    expect(line({ action: 'attributes', changes: ['mode'] }, 1)).toBeUndefined();
    expect(line({ action: 'attributes', changes: ['mode'] }, 2)).toBe('x\n');
  });

  it('are none without -v and -i, and itemized with both', () => {
    expect(line({ changes: ['created'] }, 0)).toBeUndefined();
    expect(line({ changes: ['created'] }, 1, 1)).toBe('>f+++++++++ x\n');
  });
});
