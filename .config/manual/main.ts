// Writes the manual pages: dist/man/cellarman.1, one for each command, and cellarman.conf.5.
import { mkdirSync, writeFileSync } from 'node:fs';
import { manualPages } from './pages.ts';

mkdirSync('dist/man', { recursive: true });
for (const [name, text] of await manualPages()) writeFileSync(`dist/man/${name}`, text);
