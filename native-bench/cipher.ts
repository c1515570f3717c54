import { type Command, failureText, measure } from './measure.ts';
import { type Remote, remoteOf, startServer } from './sshd.ts';

/** The cipher that a command really talks with, from the words of a server of its own. */
export async function negotiatedCipher(command: (remote: Remote) => Command): Promise<string> {
  const sshd = await startServer(['LogLevel DEBUG1']);
  try {
    const { status, stderr } = await measure(command(remoteOf(sshd)));
    const cipher = /kex: server->client cipher: (\S+)/.exec(sshd.log())?.[1];
    if (cipher === undefined) throw new Error(failureText(status, stderr));
    return cipher;
  } finally {
    await sshd.stop();
  }
}
