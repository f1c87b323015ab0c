// What files `test/runtimes/*.runtime.ts` import, all of it types: they are bundled for runtimes without Node's modules.
export type { OpenRuntimeSuite, RuntimeSuite, RuntimeTest, Selection } from './runtime-suite.ts';
