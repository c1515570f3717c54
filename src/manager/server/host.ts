import { resolveSshCommand } from '../../ssh/ssh-command.ts';
import { localSite } from '../../sync/endpoints/local-site.ts';
import { targetSite } from '../../sync/endpoints/remote-site.ts';
import type { Site } from '../../sync/endpoints/site.ts';
import { fromText } from '../../system/byte-string.ts';
import { type CellarmanError, failure, isFailure } from '../../system/errors.ts';
import type { ServerConfig } from '../config/configuration.ts';
import { rootedSite } from './rooted-site.ts';

/**
 * The machine a server's database runs on: the host of `ssh_command`, over SFTP; this one for `local-rsync`. Connects
 * when it is first needed. Its trees are opened with `site.open(root)`, and in worker threads by `site.spec(root)`.
 * CONFIG for an ssh_command that cannot be understood; what is wrong with the host comes when it is needed: HOST_*,
 * LOGIN_REFUSED, NO_SFTP, SSH_COMMAND_FAILED.
 */
export async function databaseHost(
  { name, options, own }: Pick<ServerConfig, 'name' | 'options' | 'own'>,
  signal: AbortSignal,
  onLost: (error: CellarmanError) => void,
): Promise<Site> {
  if (options.ssh_command === null) return localSite();
  const host = await hostOfCommand(options.ssh_command, own, signal, onLost).catch((error: unknown) => {
    if (!isFailure(error, 'USAGE')) throw error;
    throw failure('CONFIG', { where: `ssh_command of server '${name}'`, detail: error.message }, error);
  });
  return own.sftp_root === null ? host : rootedSite(host, fromText(own.sftp_root));
}

/** The host of any ssh command, reached with what `cellarman.d` says of the server. */
export async function hostOfCommand(
  command: string,
  own: Pick<ServerConfig['own'], 'transport' | 'known_hosts'>,
  signal: AbortSignal,
  onLost: (error: CellarmanError) => void,
): Promise<Site> {
  const target = await resolveSshCommand(command, {
    transport: own.transport ?? undefined,
    knownHostsFiles: own.known_hosts === null ? undefined : [own.known_hosts],
  });
  return targetSite(target, signal, onLost);
}
