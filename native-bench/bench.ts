import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Sshd } from '../test/support/sshd.ts';
import { negotiatedCipher } from './cipher.ts';
import { type Cluster, type ClusterSize, startCluster } from './cluster.ts';
import { Inodes } from './inodes.ts';
import type { Command } from './measure.ts';
import { Ours } from './ours.ts';
import { type Relay, startRelay } from './relay.ts';
import { rsyncOverSsh } from './rivals.ts';
import { type Remote, remoteOf, startServer } from './sshd.ts';
import { Trees } from './trees.ts';

const ROUND_TRIP_MILLISECONDS = 20;
const ASSUMED_CIPHER = 'aes128-gcm@openssh.com';

/** What all scenarios share: the server, the data, this program, and where there is room. */
export interface Bench extends AsyncDisposable {
  readonly work: string;
  readonly trees: Trees;
  readonly ours: Ours;
  readonly sshd: Sshd;
  readonly remote: Remote;
  /** The same server behind a relay; started when first asked for. */
  distant(): Promise<Remote & { readonly roundTrip: number }>;
  /** A PostgreSQL server; made when first asked for, and of that size from then on. */
  cluster(size: ClusterSize): Promise<Cluster>;
  readonly inodes: Inodes;
  /** For rivals that shall use the same. */
  readonly ourCipher: string;
  /** For readers: what each really uses, as seen by a server, or why that is not known. */
  readonly ciphers: { readonly ours: string; readonly rsync: string };
}

export interface BenchOptions {
  /** Made if absent; default: a new directory under the system's for temporary files. */
  readonly work?: string;
  /** Leave the work directory with its trees. */
  readonly keep: boolean;
}

export async function setUp(options: BenchOptions): Promise<Bench> {
  const work = options.work ?? mkdtempSync(join(tmpdir(), 'cellarman-bench-'));
  mkdirSync(work, { recursive: true });
  const ours = new Ours();
  const probe = join(work, 'probe');
  let sshd: Sshd | undefined;
  let relay: Relay | undefined;
  let cluster: Cluster | undefined;
  let distant: Remote | undefined;
  const tearDown = async (): Promise<void> => {
    relay?.stop();
    await cluster?.[Symbol.asyncDispose]();
    await sshd?.stop();
    rmSync(probe, { recursive: true, force: true });
    if (options.keep) return;
    // A directory that was given is not ours as a whole.
    for (const name of ['trees', 'scenarios']) rmSync(join(work, name), { recursive: true, force: true });
    if (options.work === undefined) rmSync(work, { recursive: true, force: true });
  };
  try {
    const server = await startServer();
    sshd = server;
    mkdirSync(join(probe, 'source'), { recursive: true });
    writeFileSync(join(probe, 'source', 'file'), 'x');
    const source = join(probe, 'source/');
    const our = await tryCipher((remote) =>
      ours.over(remote, 'sync', '-r', ours.url(remote, source), join(probe, 'ours/')),
    );
    const usual = await tryCipher((remote) =>
      rsyncOverSsh(remote, undefined, '-r', `:${source}`, join(probe, 'rsync/')),
    );
    return {
      work,
      trees: new Trees(join(work, 'trees')),
      ours,
      sshd: server,
      remote: remoteOf(server),
      distant: async () => {
        relay ??= await startRelay(server.port, ROUND_TRIP_MILLISECONDS);
        distant ??= remoteOf(server, relay.port);
        return { ...distant, roundTrip: relay.roundTrip };
      },
      cluster: async (size) => {
        cluster ??= await startCluster(size);
        return cluster;
      },
      inodes: new Inodes(),
      ourCipher: our.cipher ?? ASSUMED_CIPHER,
      ciphers: {
        ours: our.cipher ?? `${ASSUMED_CIPHER} assumed (${our.problem})`,
        rsync: usual.cipher ?? `not known (${usual.problem})`,
      },
      [Symbol.asyncDispose]: tearDown,
    };
  } catch (error) {
    await tearDown();
    throw error;
  }
}

async function tryCipher(
  command: (remote: Remote) => Command,
): Promise<{ readonly cipher?: string; readonly problem?: string }> {
  try {
    return { cipher: await negotiatedCipher(command) };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}
