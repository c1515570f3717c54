/**
 * What Cellarman does, shown on a small tree: it serves a directory by an SFTP server in this process, takes two snapshots
 * of it, changes it, compares, and finds a damaged file. Needs nothing but Node, and removes everything at the end.
 */
import { appendFileSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { diff, snapshot, snapshots, verify } from 'cellarman/snapshot';
import { toText } from 'cellarman/sync';
import { startSftpServer } from '../support/sftp-server.ts';
import { damage, plantSample } from './sample.ts';

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const work = mkdtempSync(join(tmpdir(), 'cellarman-demo-'));
const server = await startSftpServer({ root: join(work, 'remote') });
try {
  const source = `sftp://${server.user}@${server.host}:${server.port}/data`;
  const repository = join(work, 'repository');
  const reach = { identityFiles: [server.identityFile], knownHostsFiles: [server.knownHostsFile] };

  const planted = plantSample(join(work, 'remote', 'data'));
  say(
    `An SFTP server inside this process serves ${source}: ${planted.files} files, ${planted.bytes} bytes.\n`,
  );

  say('1. The first snapshot takes everything.');
  const first = await snapshot(source, repository, reach);
  say(`   ${first.id}: ${first.transferredFiles} files transferred, ${first.transferredBytes} bytes\n`);

  say('2. One file is changed, one is new. The second snapshot takes only these.');
  appendFileSync(join(work, 'remote', 'data', 'orders', '0001.csv'), 'one more line\n');
  writeFileSync(join(work, 'remote', 'data', 'orders', 'new.csv'), 'a new file\n');
  const second = await snapshot(source, repository, reach);
  say(`   ${second.id}: ${second.transferredFiles} files transferred, ${second.transferredBytes} bytes,`);
  say(`   ${second.linkedFiles} files linked to ${first.id}, ${second.linkedBytes} bytes not taken again`);
  const [before, after] = [first.id, second.id].map((id) =>
    statSync(join(repository, id, 'orders', '0002.csv')),
  );
  say(
    `   orders/0002.csv is one file in both: inode ${before?.ino} and ${after?.ino}, ${after?.nlink} names\n`,
  );

  say('3. What differs between the two:');
  await diff(repository, first.id, second.id, {
    onDifference: ({ kind, path }) => say(`   ${kind} ${toText(path)}`),
  });

  say('\n4. All that is in the repository:');
  for (const info of await snapshots(repository)) say(`   ${info.id}  ${info.state}`);

  say('\n5. Every file is read again and compared with its hash.');
  say(`   ${(await verify(repository)).clean ? 'nothing is damaged' : 'DAMAGED'}`);
  say('   Now one byte of the second snapshot is flipped on the disk:');
  damage(join(repository, second.id, 'orders', 'new.csv'));
  const report = await verify(repository, {
    onFinding: ({ kind, path }) => say(`   found: ${toText(path)} is ${kind}`),
  });
  if (report.clean) throw new Error('the damage was not found');
  say('\nDone. Everything was removed again.');
} finally {
  await server.stop();
  rmSync(work, { recursive: true, force: true });
}
