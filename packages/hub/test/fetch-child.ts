// A process of its own that fetches one file: `fetch-child.ts NAME FILE`, with the environment's cache and endpoint.
import { resolveModel } from '@foreword/hub/node';

const [name, file] = process.argv.slice(2);
const model = await resolveModel(name, { files: [file], retryPauseMs: 5 });
const source = await model.open(file);
process.stdout.write(`${source.size}\n`);
await source.close?.();
