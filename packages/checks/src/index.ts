// The checks as functions, for their tests and for other tools.
export { ownChecks } from './own-checks.ts';
export { openRepository } from './repository.ts';
export type { Check, Repository } from './repository.ts';
export { runTool, toolChecks } from './tool-checks.ts';
export type { ToolCheck, ToolOutcome } from './tool-checks.ts';
