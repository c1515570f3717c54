import { describeRestores } from './ledger.ts';

describeRestores([13, 15]);
