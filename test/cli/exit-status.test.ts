import { describe, expect, it } from 'vitest';
import { EXIT, MEANINGS, STATUS_OF_ERROR, statusOfError, statusOfReport } from '../../src/cli/exit-status.ts';
import { failure } from '../../src/system/errors.ts';
import { report } from './report.ts';

describe('exit statuses', () => {
  it('are all explained in the help', () => {
    const explained = MEANINGS.map(([status]) => status);
    for (const status of Object.values(STATUS_OF_ERROR)) expect(explained).toContain(status);
    expect([...new Set(Object.values(EXIT))].sort()).toEqual([...new Set(explained)].sort());
  });

  it('of errors that end a run are rsync’s', () => {
    expect(statusOfError(failure('USAGE', { detail: 'x' }))).toBe(1);
    expect(statusOfError(failure('DESTINATION_NOT_A_DIRECTORY', { path: 'x' }))).toBe(3);
    expect(statusOfError(failure('HOST_UNREACHABLE', { host: 'h', detail: 'x' }))).toBe(10);
    expect(statusOfError(failure('NO_SPACE', { path: 'x' }))).toBe(11);
    expect(statusOfError(failure('CONNECTION_LOST', { host: 'h', detail: 'x' }))).toBe(12);
    expect(statusOfError(failure('ABORTED'))).toBe(20);
    expect(statusOfError(failure('SOURCE_MISSING', { path: 'x' }))).toBe(23);
    expect(statusOfError(failure('TIMEOUT', { seconds: 1 }))).toBe(30);
    expect(statusOfError(new TypeError('oops'))).toBe(70);
  });

  it('of a run to the end: failures outweigh vanished paths, and these the limit of deletions', () => {
    expect(statusOfReport(report({}))).toBe(0);
    expect(statusOfReport(report({ removalsSkipped: 1 }))).toBe(25);
    expect(statusOfReport(report({ removalsSkipped: 1, vanished: 1 }))).toBe(24);
    expect(statusOfReport(report({ removalsSkipped: 1, vanished: 1, failed: 1 }))).toBe(23);
    expect(statusOfReport(report({ removalsStopped: true }))).toBe(23);
  });
});
