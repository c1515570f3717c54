import { setTimeout } from 'node:timers/promises';
import type { Endpoint } from '../sync/endpoint.ts';
import { joinPath } from '../sync/path.ts';
import { failure, isFailure } from '../system/errors.ts';
import { identify, isDead } from '../system/process-identity.ts';
import {
  type ClaimKind,
  type ClaimName,
  claimName,
  parseClaimName,
  runName,
  type Way,
} from './claim-name.ts';
import { OURS } from './layout.ts';

/** Milliseconds between two looks at a claim that is not decided, and until it is given up. */
const LOOK_AGAIN = 100;
const PATIENCE = 10_000;

/**
 * A lock made of files alone, for those who share nothing else. Whoever wants the repository first lays its claim and
 * then looks for others: of two that come at once, at least one sees the other. It gives way to a holder, and to a claim
 * whose name comes before its own; one whose name comes after is waited for until it has given way or was the faster.
 * Files of the dead are put away by whoever is sure of their death; since no two runs have the same name, nothing living
 * is ever put away with them.
 *
 * LOCKED where this process holds it already, LOCKED_ELSEWHERE.
 * @param way `local` only under the file lock of the repository's machine: it proves all other local claims dead
 */
export async function claimRepository(repository: Endpoint, way: Way): Promise<() => Promise<void>> {
  const run = runName(identify(process.pid), way);
  await lay(repository, 'claim', run);
  try {
    await prevail(repository, run, way);
    await lay(repository, 'holder', run);
  } catch (error) {
    await putAway(repository, 'claim', run).catch(() => {});
    throw error;
  }
  return async () => {
    // Best effort: the process ends soon, and then they count for nothing.
    await putAway(repository, 'holder', run).catch(() => {});
    await putAway(repository, 'claim', run).catch(() => {});
  };
}

async function prevail(repository: Endpoint, run: string, way: Way): Promise<void> {
  const deadline = Date.now() + PATIENCE;
  for (;;) {
    const others = await livingOthers(repository, run, way);
    const first = others.find((other) => other.kind === 'holder' || other.run < run);
    if (first !== undefined) throw refusal(repository, first);
    const undecided = others[0];
    if (undecided === undefined) return;
    if (Date.now() > deadline) throw refusal(repository, undecided);
    await setTimeout(LOOK_AGAIN);
  }
}

async function livingOthers(repository: Endpoint, run: string, way: Way): Promise<ClaimName[]> {
  const living: ClaimName[] = [];
  for (const { name } of await repository.list(OURS)) {
    const claim = parseClaimName(name);
    if (claim === undefined || claim.run === run) continue;
    const dead = isDead(claim.owner) || (way === 'local' && claim.way === 'local');
    if (dead) await putAway(repository, claim.kind, claim.run);
    else living.push(claim);
  }
  return living;
}

async function lay(repository: Endpoint, kind: ClaimKind, run: string): Promise<void> {
  const path = joinPath(OURS, claimName(kind, run));
  try {
    await (await repository.create(path)).close();
  } catch (error) {
    if (!isFailure(error, 'EXISTS')) throw error;
    throw failure('LOCKED', { path: `${repository.name}/${path}`, pid: process.pid }, error);
  }
}

async function putAway(repository: Endpoint, kind: ClaimKind, run: string): Promise<void> {
  await repository.removeFile(joinPath(OURS, claimName(kind, run))).catch((error: unknown) => {
    if (!isFailure(error, 'NOT_FOUND')) throw error;
  });
}

function refusal(repository: Endpoint, { kind, run, owner }: ClaimName): Error {
  return failure('LOCKED_ELSEWHERE', {
    path: `${repository.name}/${joinPath(OURS, claimName(kind, run))}`,
    owner: `process ${owner.pid} on ${owner.host}`,
  });
}
