import { expect, it } from 'vitest';
import { connectCommand } from '../../src/ssh/transports/command.ts';
import { commandFailure } from '../../src/ssh/transports/command-failure.ts';
import { splitWords } from '../../src/ssh/transports/command-line.ts';
import { descendants } from '../support/descendants.ts';

const connectBy = (text: string) => {
  const [program = '', ...args] = splitWords(text);
  return connectCommand({ label: 'db', user: 'me', program, args, shellArgs: [] });
};

it('ends a command that will not end by itself', async () => {
  const before = descendants(process.pid).length;
  const connection = await connectBy(`sh -c "trap '' TERM; while :; do sleep 1; done"`);
  await connection.openChannel();
  expect(descendants(process.pid).length).toBeGreaterThan(before);
  await connection.close();
  expect(descendants(process.pid).length).toBe(before);
});

it('says so when there is no such command', async () => {
  const connection = await connectBy('no-such-ssh db');
  await expect(connection.openChannel()).rejects.toMatchObject({
    code: 'SSH_COMMAND_FAILED',
    message: 'the command "no-such-ssh" failed: there is no such program',
  });
  await connection.close();
});

it('passes everything on before the end', async () => {
  // A little more than the channel buffers, so that some is still in the pipe when the command has ended.
  const connection = await connectBy('head -c 1250000 /dev/zero');
  const channel = await connection.openChannel();
  await new Promise((resolve) => setTimeout(resolve, 500));
  let bytes = 0;
  for await (const chunk of channel) bytes += chunk.length;
  expect(bytes).toBe(1_250_000);
});

it('gives what a command says last as the reason', async () => {
  const connection = await connectBy(`sh -c "echo no tickets >&2; exit 3"`);
  const channel = await connection.openChannel();
  const error = await new Promise((resolve) => channel.once('error', resolve));
  const command = {
    label: 'db',
    user: 'me',
    program: 'sh',
    args: ['-c', 'echo no tickets >&2; exit 3'],
    shellArgs: [],
  };
  expect(error).toEqual(commandFailure(command, { status: 3, stderr: 'no tickets', spoke: false }));
});
