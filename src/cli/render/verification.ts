import type { VerificationFinding, VerificationResult } from '../../manager/verification/result.ts';
import { prettyDuration } from './pretty.ts';
import type { Json } from './python-json.ts';

/** One thing that is wrong: `wal: 000000010000000000000003 is missing in the archive`. */
export function findingText({ check, path, detail }: VerificationFinding): string {
  return `${check}: ${path === null ? '' : `${path} `}${detail}`;
}

/** The result of `verify-backup` on the console. */
export function verificationText({
  backup,
  passed,
  checks,
  restore,
  findingCount,
}: VerificationResult): string[] {
  const rows = checks.map(
    ({ check, outcome, detail }) => `  ${check.padEnd(15)} ${outcome.padEnd(7)} ${detail}`,
  );
  const times =
    restore === null
      ? []
      : [
          `  restored in ${prettyDuration(restore.restore)}, consistent after ${prettyDuration(restore.recovery)}, checked in ${prettyDuration(restore.checks)}`,
        ];
  const verdict = passed ? 'is good' : `is NOT good: ${counted(findingCount)}`;
  return [`Backup ${backup} ${verdict}`, ...rows, ...times];
}

/** In one line, for `show-backup`. */
export function verificationLine({ finished, passed, findingCount, restore }: VerificationResult): string {
  const when = new Date(finished).toISOString().slice(0, 19).replace('T', ' ');
  const tested = restore === null ? '' : ', with a restore test';
  return passed ? `passed ${when} UTC${tested}` : `FAILED ${when} UTC${tested} (${counted(findingCount)})`;
}

export function verificationJson(result: VerificationResult): Json {
  return {
    backup_id: result.backup,
    passed: result.passed,
    started: new Date(result.started).toISOString(),
    finished: new Date(result.finished).toISOString(),
    checks: result.checks.map((check) => ({ ...check })),
    findings: result.findings.map((finding) => ({ ...finding })),
    finding_count: result.findingCount,
    restore_test: result.restore === null ? null : { ...result.restore },
  };
}

function counted(findings: number): string {
  return findings === 1 ? '1 finding' : `${findings} findings`;
}
