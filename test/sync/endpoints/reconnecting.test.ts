import { describe, expect, it } from 'vitest';
import type { Endpoint } from '../../../src/sync/endpoint.ts';
import { MemoryEndpoint } from '../../../src/sync/endpoints/memory.ts';
import { reconnecting } from '../../../src/sync/endpoints/reconnecting.ts';
import { byteString } from '../../../src/system/byte-string.ts';
import { failure } from '../../../src/system/errors.ts';

describe('an endpoint that survives the loss of its connection', () => {
  it('goes on with small files where what a lost request left cannot be removed', async () => {
    let connections = 0;
    const open = async (): Promise<Endpoint> => {
      const isFirst = connections++ === 0;
      return Object.assign(
        new MemoryEndpoint({
          before(operation, path) {
            if (operation === 'removeFile') throw failure('PERMISSION_DENIED', { path });
          },
        }),
        {
          makeMany: async (...[, files, maker]: Parameters<NonNullable<Endpoint['makeMany']>>) => {
            if (isFirst) throw failure('CONNECTION_LOST', { host: 'h', detail: 'cut' });
            for (const index of files.keys()) maker.miss(index);
          },
        },
      );
    };
    const endpoint = await reconnecting(
      { open, onLost: () => {}, renewable: true, signal: new AbortController().signal },
      async () => {},
    );
    const missed: number[] = [];
    const files = ['a', 'b'].map((name) => ({ name: byteString(name), by: undefined, size: 1 }));
    await endpoint.makeMany?.(byteString(''), files, {
      content: () => undefined,
      made: () => {},
      miss: (index) => missed.push(index),
    });
    expect(missed).toEqual([0, 1]);
    expect(connections).toBe(2);
    await endpoint.close();
  });
});
