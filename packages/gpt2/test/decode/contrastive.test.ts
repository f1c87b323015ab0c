// Contrastive search and its guided form over a table with hidden states in the plane.
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { contrastiveSearch, type ContrastiveOptions } from '../../src/decode/contrastive.ts';
import { drain } from '../../src/decode/drain.ts';
import type { CandidateText, DecodeLimits, TokenEvent } from '../../src/decode/steps.ts';
import { toy, topStateModel, type Table } from './table-model.ts';

const test = suite('contrastive search');

const table: Table = {
  ...toy,
  states: {
    prefix: [[2, 0]],
    tokens: [
      [1, 1],
      [0, 3],
      [1, 0],
      [0, 0.5],
      [3, 4],
      [-1, 0],
    ],
  },
};

const starts = [toy.starts[0], [0.1, 0.05, 0.06, 0.11, 0.58, 0.1], [0.3, 0.28, 0.1, 0.12, 0.09, 0.11]];

async function search(
  options: ContrastiveOptions,
  {
    given = table,
    onToken,
    ...limits
  }: Partial<DecodeLimits> & { given?: Table; onToken?: (event: TokenEvent) => void } = {},
): Promise<number[][]> {
  const model = topStateModel({ ...given, rowsPerItem: options.candidates }, options.candidates);
  const bounds = { items: given.starts.length, stop: [1], maxTokens: 6, ...limits };
  return (await drain(contrastiveSearch(model, bounds, options), onToken)).map(([{ ids }]) => ids);
}

test('by hand: two candidates, alpha 0.5', async () => {
  // 1: 2 is (.50 − 1)/2, 3 is (.30 − 0)/2 → 3.   2: 1 is (.45 − 1)/2, 4 is (.28 − .8)/2 → 4.
  // 3: 5 is (.35 − 0)/2, 2 is (.30 − 1)/2 → 5.   4: 1 is (.60 − 1)/2, 4 is (.15 − 1)/2 → 1, which stops.
  assert.equal(await search({ candidates: 2, alpha: 0.5 }), [[3, 4, 5, 1]]);
});

test('alpha 0 is greedy; alpha 1 sees only the states', async () => {
  assert.equal(await search({ candidates: 4, alpha: 0 }), [[2, 3, 1]]);
  // Opposite to the prefix, then at right angles to both.
  assert.equal((await search({ candidates: 6, alpha: 1 }))[0].slice(0, 2), [5, 1]);
});

test('one candidate is greedy whatever alpha', async () => {
  assert.equal(await search({ candidates: 1, alpha: 1 }), [[2, 3, 1]]);
});

/** The definition, anew for every token from the text alone. */
function reference(
  start: readonly number[],
  { candidates: k, alpha = 0.6, guide }: { candidates: number; alpha?: number; guide?: Guide },
): number[] {
  const { prefix, tokens } = table.states!;
  const cosine = (a: readonly number[], b: readonly number[]): number =>
    (a[0] * b[0] + a[1] * b[1]) / Math.hypot(...a) / Math.hypot(...b);
  const text: number[] = [];
  while (text.length < 6 && text.at(-1) !== 1) {
    const row = text.length === 0 ? start : (table.after[text.at(-1)!] ?? new Array<number>(6).fill(1 / 6));
    const tried = [...row.keys()].sort((a, b) => row[b] - row[a] || a - b).slice(0, k);
    const total = row.reduce((a, b) => a + b, 0);
    const weights = tried.map((id) => (guide ? Math.exp(guide.of([...text, id])) : 0));
    const mass = weights.reduce((a, b) => a + b, 0);
    const scores = tried.map((id, i) => {
      const alike = [...prefix, ...text.map((t) => tokens[t])].map((state) => cosine(state, tokens[id]));
      const fit = guide ? (guide.weight * weights[i]) / mass : 0;
      return ((1 - alpha) * row[id]) / total - alpha * Math.max(...alike) + fit;
    });
    text.push(tried[scores.indexOf(Math.max(...scores))]);
  }
  return text;
}

interface Guide {
  weight: number;
  of(ids: readonly number[]): number;
}

test('every row continues the text that was chosen, with a candidate behind it', async () => {
  const model = topStateModel({ ...table, starts, rowsPerItem: 3 }, 3);
  const texts: number[][] = [[], [], []];
  const bounds = { items: 3, stop: [], maxTokens: 6 };
  for await (const { item, id } of contrastiveSearch(model, bounds, { candidates: 3, alpha: 0.35 })) {
    for (const row of model.texts.slice(3 * item, 3 * item + 3)) assert.equal(row.slice(0, -1), texts[item]);
    texts[item].push(id);
  }
  assert.ok(texts.every((text) => text.length === 6));
});

test('is the plain definition, alone and in batches', async () => {
  for (const candidates of [2, 3, 5]) {
    for (const alpha of [0.15, 0.35, 0.6, 0.85]) {
      const together = await search({ candidates, alpha }, { given: { ...table, starts } });
      for (const [item, start] of starts.entries()) {
        assert.equal(together[item], reference(start, { candidates, alpha }), `${candidates}, ${alpha}`);
        const [alone] = await search({ candidates, alpha }, { given: { ...table, starts: [start] } });
        assert.equal(alone, together[item]);
      }
    }
  }
});

test('guided: candidates whose text the guide prefers win, by their softmax', async () => {
  const seen: CandidateText[][] = [];
  const likes4 = (texts: readonly CandidateText[]): number[] => {
    seen.push([...texts]);
    return texts.map(({ ids }) => (ids.includes(4) ? 3 : 0));
  };
  // 4 has .10 + e³/(2 + e³) = 1.01, 2 has .50 + .05; afterwards every text has it.
  const options = { candidates: 3, alpha: 0, guide: { weight: 1, score: likes4 } };
  assert.equal(await search(options), [[4, 5, 1]]);
  assert.equal(seen[0], [
    { item: 0, ids: [2] },
    { item: 0, ids: [3] },
    { item: 0, ids: [4] },
  ]);
  assert.equal(
    seen[2].map(({ ids }) => ids.slice(0, 2)),
    [
      [4, 5],
      [4, 5],
      [4, 5],
    ],
  );
  assert.is(seen.length, 3);
  // With .3 of it 2 stays ahead of 4 (.50 to .37), but after 2 4 comes to .35 + .27, 3 to .40 + .01.
  assert.equal(await search({ ...options, guide: { weight: 0.3, score: likes4 } }), [[2, 4, 5, 1]]);
});

test('guided search is the plain definition; each item is scored under its number, alone and in batches', async () => {
  // A guide of its own for each item: items want different tokens.
  const guideOf = (item: number): Guide => ({
    weight: 0.8,
    of: (ids) => 2 * Math.sin(item + 1 + ids.reduce((a, id, i) => a + id * (i + 2), 0)),
  });
  for (const alpha of [0, 0.3]) {
    const wanted = starts.map((start, item) =>
      reference(start, { candidates: 4, alpha, guide: guideOf(item) }),
    );
    const run = (first: number, count: number): Promise<number[][]> =>
      search(
        {
          candidates: 4,
          alpha,
          guide: {
            weight: 0.8,
            score: async (texts) => texts.map(({ item, ids }) => guideOf(first + item).of(ids)),
          },
        },
        { given: { ...table, starts: starts.slice(first, first + count) } },
      );
    assert.equal(await run(0, 3), wanted);
    for (let item = 0; item < 3; item++) assert.equal(await run(item, 1), [wanted[item]]);
  }
});

test('every token is told once it is chosen; the length limit cuts', async () => {
  const told: TokenEvent[] = [];
  const [text] = await search({ candidates: 2, alpha: 0.5 }, { maxTokens: 3, onToken: (e) => told.push(e) });
  assert.equal(text, [3, 4, 5]);
  assert.equal(
    told,
    text.map((id, index) => ({ item: 0, id, index })),
  );
});

test('an abort ends the search, in the guide’s time too', async () => {
  for (const where of ['token', 'guide'] as const) {
    const controller = new AbortController();
    const abort = (): void => controller.abort(new Error('enough'));
    const score = async (texts: readonly CandidateText[]): Promise<number[]> => {
      if (where === 'guide') abort();
      return texts.map(() => 0);
    };
    let told = 0;
    const onToken = (): void => {
      told++;
      abort();
    };
    const options = { candidates: 2, guide: { weight: 1, score } };
    const error = await search(options, { signal: controller.signal, onToken }).catch((e: unknown) => e);
    assert.is((error as Error).message, 'enough');
    assert.is(told, where === 'token' ? 1 : 0);
  }
});

test('options and scores that make no sense are refused', async () => {
  const message = async (options: Partial<ContrastiveOptions>): Promise<string> => {
    const error = await search({ candidates: 2, ...options }).catch((e: unknown) => e);
    assert.instance(error, RangeError);
    return (error as Error).message;
  };
  assert.match(await message({ candidates: 0 }), '0 candidates; a whole number from 1');
  assert.match(await message({ alpha: 1.2 }), 'alpha is 1.2; a number from 0 to 1');
  assert.match(await message({ alpha: NaN }), 'alpha is NaN');
  const score = (): number[] => [1];
  assert.match(await message({ guide: { weight: -1, score } }), 'weight is -1');
  assert.match(
    await message({ guide: { weight: 1, score } }),
    '2 texts were to be scored, but 1 scores came',
  );
  assert.match(await message({ guide: { weight: 1, score: () => [0, NaN] } }), 'score of text 1 (3) is NaN');
});

test.run();
