import { expect, test } from 'vitest';
import {
  isTemporaryRelation,
  parseRelationDirectory,
  parseRelationFileName,
  tablespaceDirectory,
} from '../../src/postgres/relation-path.ts';
import { byteString } from '../../src/system/byte-string.ts';

test.each([
  ['1259', 1259, 'main', 0],
  ['16384.12', 16384, 'main', 12],
  ['16384_fsm', 16384, 'fsm', 0],
  ['16384_vm.1', 16384, 'vm', 1],
  ['16384_init', 16384, 'init', 0],
])('%s is a relation', (name, relation, fork, segment) => {
  expect(parseRelationFileName(byteString(name))).toEqual({ relation, fork, segment });
});

test.each([
  'PG_VERSION',
  'pg_filenode.map',
  'pg_internal.init',
  '0123',
  '0',
  '1259.0',
  '1259.01',
  '1259_main',
  '1259_fsm_1',
  '1259.1_fsm',
  't3_16384',
  '12590123456',
  '1259\n',
])('%j is none', (name) => {
  expect(parseRelationFileName(byteString(name))).toBeUndefined();
});

test('relations of sessions', () => {
  for (const name of ['t3_16384', 't3_16384_fsm', 't12_1.1'])
    expect(isTemporaryRelation(byteString(name))).toBe(true);
  for (const name of ['t3', 't_1', 't3_16384_', 't3_16384_main', 't3_1.', 'x3_1', '16384']) {
    expect(isTemporaryRelation(byteString(name))).toBe(false);
  }
});

test.each([
  ['global', { kind: 'global' }],
  ['base/5', { kind: 'database', database: 5, tablespace: undefined }],
  ['pg_tblspc/16384/PG_15_202209061/5', { kind: 'database', database: 5, tablespace: 16384 }],
  ['base', undefined],
  ['base/pgsql_tmp', undefined],
  ['pg_tblspc/16384/PG_15_202209061', undefined],
  ['pg_tblspc/16384/other/5', undefined],
  ['base/5/6', undefined],
])('the directory %s', (path, expected) => {
  expect(parseRelationDirectory(byteString(path))).toEqual(expected);
});

test('a tablespace has a directory for each catalog version', () => {
  expect(tablespaceDirectory(15, 202209061)).toBe('PG_15_202209061');
});
