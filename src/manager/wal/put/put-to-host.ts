import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { Writable } from 'node:stream';
import type { ReachOptions } from '../../../ssh/reach-options.ts';
import { reachForCommands } from '../../../ssh/remote-command.ts';
import type { RemoteEnd } from '../../../ssh/remote-program.ts';
import { checkAborted } from '../../../system/abort.ts';
import { type BarmanHost, barmanLine } from '../barman-host.ts';
import { pieces, type WalSource } from '../send/wal-source.ts';
import { TAR_END, tarHeader, tarPadding } from './tar-writer.ts';

const BLOCK = 256 * 1024;

/** Lists of checksums by their algorithm. Older Barmans know md5 only. */
const SUMS = { sha256: 'SHA256SUMS', md5: 'MD5SUMS' } as const;

export interface PutToHostOptions extends ReachOptions {
  readonly checksum: keyof typeof SUMS;
  readonly signal?: AbortSignal;
}

/**
 * Hands a WAL file to `put-wal` of a Barman host, in barman-cli's protocol; how that ended. Status 0 says that the file is
 * on its disk. Without a source it only asks whether WAL would be taken.
 * @throws the codes of hosts, CONNECTION_LOST, ABORTED, SHRANK_WHILE_READ
 */
export async function putToHost(
  source: WalSource | undefined,
  barman: BarmanHost,
  { checksum, signal, ...reach }: PutToHostOptions,
): Promise<RemoteEnd & { readonly said: string }> {
  await using host = await reachForCommands(barman.name, reach, signal);
  const line = barmanLine(barman, 'put-wal', source === undefined ? ['--test'] : []);
  const { input, output, ended } = await host.run(line);
  let said = '';
  output.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const isOver = ended.then(
    () => true,
    () => true,
  );
  // A program that ends early does not read on: its status tells why.
  if (source !== undefined) await Promise.race([write(source, checksum, input, signal), isOver]);
  input.end();
  return { ...(await ended), said };
}

async function write(
  source: WalSource,
  algorithm: keyof typeof SUMS,
  to: Writable,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { name, size, mode, modifiedAt } = source;
  const hash = createHash(algorithm);
  const send = async (bytes: Uint8Array): Promise<void> => {
    checkAborted(signal);
    if (!to.write(bytes)) await once(to, 'drain');
  };
  await send(tarHeader({ name, size, mode, modifiedAt }));
  for (const { offset, length } of pieces(size, BLOCK)) {
    const block = Buffer.allocUnsafe(length);
    source.readInto(block, offset);
    hash.update(block);
    await send(block);
  }
  await send(tarPadding(size));
  const list = Buffer.from(`${hash.digest('hex')} *${name}\n`);
  await send(tarHeader({ name: SUMS[algorithm], size: list.length, mode: 0o600, modifiedAt }));
  await send(list);
  await send(tarPadding(list.length));
  await send(TAR_END);
}
