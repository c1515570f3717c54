import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe } from 'vitest';
import { openSession, type SftpSession } from '../../../src/ssh/sftp/session.ts';
import { SessionPool } from '../../../src/ssh/sftp/session-pool.ts';
import { sftpEndpoint } from '../../../src/sync/endpoints/sftp.ts';
import { fromText } from '../../../src/system/byte-string.ts';
import { endpointContract, type Subject } from '../../contract/endpoint.ts';
import { withoutExtensions } from '../../support/plain-server.ts';
import {
  openServerSession,
  requireSftpServer,
  SftpServerProcess,
} from '../../support/sftp-server-process.ts';

async function subject(open: () => Promise<SftpSession>, sessions: number): Promise<Subject> {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), 'cellarman-sftp-'));
  const pool = new SessionPool(await open(), open, sessions);
  return {
    endpoint: sftpEndpoint(pool, fromText(root), `testhost:${root}`),
    dispose: async () => fs.rmSync(root, { recursive: true }),
  };
}

describe.skipIf(!requireSftpServer())('an SFTP endpoint', () => {
  const plain = (): Promise<SftpSession> => openSession(withoutExtensions(new SftpServerProcess()));

  endpointContract('an SFTP server, one session', () => subject(openServerSession, 1));
  endpointContract('an SFTP server, several sessions', () => subject(openServerSession, 4));
  endpointContract('an SFTP server without any extension', () => subject(plain, 1));
});
