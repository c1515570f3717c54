import { readIdentity } from '../catalogue/identity.ts';
import type { Layout } from '../catalogue/layout.ts';
import { type CheckResult, failed, passed } from './result.ts';

const NAME = 'systemid coherence';

/** Whether the backups are of the cluster that is running now. @param running undefined where it does not run */
export async function checkSystemId(layout: Layout, running: string | undefined): Promise<CheckResult> {
  const stored = await readIdentity(layout);
  if (running === undefined) return passed(NAME, 'no system Id available');
  if (stored === null) return passed(NAME, 'no system Id stored on disk');
  if (stored.systemId === running) return passed(NAME);
  return failed(
    NAME,
    `the system Id of the connected PostgreSQL server changed, stored in "${layout.identity}": ${stored.systemId} there, ${running} now; give the new cluster a server name of its own`,
  );
}
