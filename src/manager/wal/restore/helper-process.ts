import { serve } from './helper.ts';
import { type HelperSetup, READY, readLine } from './protocol.ts';

// The settings come from this program itself.
const setup = JSON.parse(await readLine(process.stdin)) as HelperSetup;
process.stdin.destroy();
const ended = await serve(setup);
process.stdout.end(READY);
// Nobody reads there any more.
process.stdout.on('error', () => undefined);
await ended.done;
