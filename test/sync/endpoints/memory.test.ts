import { MemoryEndpoint } from '../../../src/sync/endpoints/memory.ts';
import { endpointContract } from '../../contract/endpoint.ts';

endpointContract('a tree in memory', async () => ({
  endpoint: new MemoryEndpoint(),
  dispose: async () => {},
}));

endpointContract('a tree in memory that can do as little as an SFTP server', async () => ({
  endpoint: new MemoryEndpoint({
    capabilities: { mtimePrecision: 1_000_000, hardLinks: false, symlinkAttributes: false, identity: false },
  }),
  dispose: async () => {},
}));
