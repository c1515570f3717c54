import type { Verification, VerifyFinding } from '../../snapshot/index.ts';
import { errorFields, line, named } from './json.ts';
import { renderName } from './name.ts';
import { grouped, scaled } from './numbers.ts';

const WORDS = {
  snapshot: {
    missing: 'missing',
    added: 'added',
    damaged: 'damaged',
    attributes: 'attributes',
    unreadable: 'unreadable',
  },
  // The source goes on living: what is different there is no damage.
  source: {
    missing: 'gone',
    added: 'new',
    damaged: 'different',
    attributes: 'attributes',
    unreadable: 'unreadable',
  },
} as const;

/** `damaged  20261101T020000/dir/file (content)`; a path of the source is given below `source`. */
export function findingLine(finding: VerifyFinding, source: string): string {
  const { kind, side, snapshot, path, type, changes, error } = finding;
  const top = side === 'snapshot' ? snapshot : source.replace(/\/+$/, '');
  const name = `${top}/${renderName(path)}${type === 'directory' && path !== '' ? '/' : ''}`;
  const why = error === undefined ? changes.join(', ') : error.message;
  return `${WORDS[side][kind].padEnd(10)}  ${name}${why === '' ? '' : ` (${why})`}\n`;
}

export function findingJson({ kind, side, snapshot, path, type, changes, error }: VerifyFinding): string {
  return line({
    type: 'finding',
    finding: kind,
    side,
    snapshot,
    ...named('path', path),
    kind: type,
    changes,
    ...(error === undefined ? {} : errorFields(error)),
  });
}

/** `20261101T020000: 12 files (1.2 MB) compared, 1 damaged, 2 missing` */
export function verificationLine(verification: Verification, source: string): string {
  const { snapshot, side, files, bytes, findings, problem } = verification;
  const what = side === 'snapshot' ? snapshot : `${source} against ${snapshot}`;
  if (problem !== undefined) return `${what}: cannot be verified: ${problem.message}\n`;
  const wrong = Object.entries(findings)
    .filter(([, count]) => count > 0)
    // The keys are those of the words.
    .map(([kind, count]) => `${grouped(count)} ${WORDS[side][kind as keyof typeof findings]}`);
  const compared = `${grouped(files)} files (${scaled(bytes)}) compared by content`;
  return `${what}: ${compared}, ${wrong.length === 0 ? 'nothing wrong' : wrong.join(', ')}\n`;
}

export function verificationJson({ problem, ...verification }: Verification): string {
  return line({
    type: 'verification',
    ...verification,
    ...(problem === undefined ? {} : errorFields(problem)),
  });
}
