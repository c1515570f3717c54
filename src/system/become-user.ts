import { execFileSync } from 'node:child_process';
import { homedir, userInfo } from 'node:os';
import { failure } from './errors.ts';

/**
 * Goes on as another user, with that user's groups and HOME; only root can. Nothing happens for the user who runs us.
 * @throws WRONG_USER
 */
export function becomeUser(name: string): void {
  if (currentUser() === name) return;
  const { setuid, setgid, setgroups } = process;
  if (process.getuid?.() !== 0 || !setuid || !setgid || !setgroups)
    throw failure('WRONG_USER', { user: name });
  const [uid = Number.NaN] = idsOf(name, '-u');
  const [gid = Number.NaN] = idsOf(name, '-g');
  // The groups first: once another user, nobody may change them.
  setgroups.call(process, idsOf(name, '-G'));
  setgid.call(process, gid);
  setuid.call(process, uid);
  delete process.env['HOME'];
  process.env['HOME'] = homedir();
}

/** The numbers of an account; undefined where there is none of that name. */
export function accountOf(name: string): { readonly uid: number; readonly gid: number } | undefined {
  try {
    const [[uid], [gid]] = [idsOf(name, '-u'), idsOf(name, '-g')];
    return uid === undefined || gid === undefined ? undefined : { uid, gid };
  } catch {
    return undefined;
  }
}

function currentUser(): string | undefined {
  try {
    return userInfo().username;
  } catch {
    // A process may run under a number that no account has.
    return undefined;
  }
}

/** By the program `id`, since accounts may come from a directory service. */
function idsOf(name: string, what: '-u' | '-g' | '-G'): number[] {
  try {
    const text = execFileSync('id', [what, '--', name], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return text.trim().split(' ').map(Number);
  } catch (error) {
    throw failure('WRONG_USER', { user: name }, error);
  }
}
