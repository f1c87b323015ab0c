// `pnpm report`: writes the report of a study again, from the cells that are done.
import { join, resolve } from 'node:path';
import { runCommand } from '@foreword/cli-kit';
import { repositoryRoot } from '@foreword/trainer';
import { readPlan } from '../cells/study-plan.ts';
import { writeReports } from '../report/write-reports.ts';

await runCommand({
  name: 'pnpm report',
  summary:
    "Writes a study's report again, from the cells that are done: Markdown, HTML, JSON, tables and plots.",
  flags: {},
  positionals: { name: 'folder', describe: 'folder of the study (default: studies/lengths)', max: 1 },
  async run({ positionals: [given] }) {
    const folder = resolve(given ?? join(repositoryRoot, 'studies/lengths'));
    process.stdout.write(await writeReports(folder, await readPlan(folder)));
  },
});
