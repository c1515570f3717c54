import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe } from 'vitest';
import type { ReachOptions } from '../../../src/ssh/reach-options.ts';
import { Sites } from '../../../src/sync/sites.ts';
import { fromText } from '../../../src/system/byte-string.ts';
import { endpointContract, type Subject } from '../../contract/endpoint.ts';
import { requireProgram } from '../../support/programs.ts';
import { type Sshd, startSshd } from '../../support/sshd.ts';

describe.runIf(requireProgram('sshd'))('a tree behind sshd', () => {
  let sshd: Sshd;

  beforeAll(async () => {
    sshd = await startSshd();
  });

  afterAll(() => sshd.stop());

  async function subject(location: string, options: ReachOptions): Promise<Subject> {
    const root = fs.mkdtempSync(path.join(os.tmpdir(), 'cellarman-transport-'));
    const sites = new Sites(options, new AbortController().signal, () => {});
    const { site } = await sites.at(location);
    return {
      endpoint: await site.open(fromText(root)),
      dispose: async () => {
        await sites[Symbol.asyncDispose]();
        fs.rmSync(root, { recursive: true });
      },
    };
  }

  endpointContract('through ssh2', () =>
    subject(`sftp://${sshd.user}@${sshd.host}:${sshd.port}/`, {
      identityFiles: [sshd.identityFile],
      knownHostsFiles: [sshd.knownHostsFile],
    }),
  );

  endpointContract('through an SSH command', () =>
    subject('testhost:/', { rsh: `ssh -F ${sshd.sshConfigFile}` }),
  );
});
