import { execFileSync } from 'node:child_process';
import { userInfo } from 'node:os';
import { describe, expect, it } from 'vitest';
import { becomeUser } from '../../src/system/become-user.ts';

/** In a process of its own, for there is no way back. */
function become(name: string): string {
  const program = `
    const { becomeUser } = await import('./src/system/become-user.ts');
    becomeUser(${JSON.stringify(name)});
    console.log(JSON.stringify([process.getuid(), process.getgid(), process.getgroups(), process.env.HOME]));`;
  return execFileSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], {
    encoding: 'utf8',
  });
}

describe('becomeUser', () => {
  it('does nothing for the user who runs us', () => {
    expect(() => becomeUser(userInfo().username)).not.toThrow();
  });

  it('says whom to be where there is no way to become it', () => {
    expect(() => becomeUser('no-such-user')).toThrow("please run cellarman as 'no-such-user' user");
  });

  describe.skipIf(userInfo().uid !== 0)('as root', () => {
    it('takes over number, groups and home', () => {
      const ids = (what: string) =>
        execFileSync('id', [what, 'nobody'], { encoding: 'utf8' }).trim().split(' ').map(Number);
      const [uid, gid, groups, home] = JSON.parse(become('nobody'));
      expect([uid, gid, groups]).toEqual([ids('-u')[0], ids('-g')[0], ids('-G')]);
      expect(home).not.toBe(userInfo().homedir);
    });
  });
});
