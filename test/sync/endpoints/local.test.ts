import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { localEndpoint } from '../../../src/sync/endpoints/local.ts';
import { checkedAccess } from '../../../src/sync/endpoints/local-access-checked.ts';
import { fromText } from '../../../src/system/byte-string.ts';
import { endpointContract } from '../../contract/endpoint.ts';

const scratch = (): string => fs.mkdtempSync(path.join(os.tmpdir(), 'cellarman-local-'));

endpointContract('a local tree', async () => {
  const root = scratch();
  return {
    endpoint: localEndpoint(fromText(root)),
    dispose: async () => fs.rmSync(root, { recursive: true }),
  };
});

endpointContract('a local tree whose directories cannot be held', async () => {
  const root = path.join(scratch(), 'ä');
  fs.mkdirSync(root);
  return {
    endpoint: localEndpoint(fromText(root), checkedAccess),
    dispose: async () => fs.rmSync(path.dirname(root), { recursive: true }),
  };
});
