// Beam search over a table of probabilities: the goldens of CAPTIONING 1.5 and what the search promises.
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { beamCandidates, beamSearch, clipCapBeam, type BeamOptions } from '../../src/decode/beam.ts';
import { drain } from '../../src/decode/drain.ts';
import type { DecodeLimits, Hypothesis, TokenEvent } from '../../src/decode/steps.ts';
import { toy, topModel, type Table } from './table-model.ts';

const test = suite('beam search');

async function search(
  options: Partial<BeamOptions>,
  {
    table = toy,
    onToken,
    ...limits
  }: Partial<DecodeLimits> & { table?: Table; onToken?: (event: TokenEvent) => void } = {},
): Promise<Hypothesis[][]> {
  const all = { ...clipCapBeam, ...options };
  const bounds = { items: table.starts.length, stop: [1], maxTokens: 6, ...limits };
  const model = topModel({ ...table, rowsPerItem: all.beams }, beamCandidates(all, bounds.stop));
  return await drain(beamSearch(model, bounds, all), onToken);
}

const show = (texts: readonly Hypothesis[]): string[] =>
  texts.map(({ ids, score }) => `${ids.join()} ${score!.toFixed(6)}`);

test('ClipCap, 3 beams: hypotheses and averages', async () => {
  assert.equal(show((await search({ beams: 3 }))[0]), [
    '2,3,1 -0.802649',
    '2,4,5,1 -0.825904',
    '2,3,4,5,1 -0.888610',
  ]);
});

test('ClipCap, 5 beams', async () => {
  assert.equal(show((await search({ beams: 5 }))[0]), [
    '2,3,1 -0.802649',
    '2,4,5,1 -0.825904',
    '2,3,4,5,1 -0.888610',
    '2,4,2,4,5,1 -0.926235',
    '2,4,2,3,1 -0.932348',
  ]);
});

test('ordinary search by sum', async () => {
  const wanted = ['3,1 -2.002481', '2,3,1 -2.407946', '2,4,5,1 -3.303617'];
  assert.equal(show((await search({ beams: 3, length: 'sum', finished: 'apart' }))[0]), wanted);
});

test('diverse search by hand: a group pays for tokens that earlier ones took at the same step', async () => {
  // λ = 1, two groups of one. Step 1: 2 (−.693); then 3 (−1.204) beats 2 at −.693 − 1. Step 2: 2,3; then 3,1 (.45),
  // for 1 is free. Step 3: 2,3,1; the other has stopped and costs nothing.
  const two = { beams: 2, groups: 2 };
  assert.equal(show((await search({ ...two, diversityPenalty: 1 }))[0]), [
    '2,3,1 -0.802649',
    '3,1 -1.001240',
  ]);
  // λ = .5 does not yet drive the second group from 2: −.693 − .5 > −1.204. At step 2 3 costs it .5, and it takes 4.
  assert.equal(show((await search({ ...two, diversityPenalty: 0.5 }))[0]), [
    '2,3,1 -0.802649',
    '2,4,5,1 -0.825904',
  ]);
  assert.equal(await search(two), await search({ ...two, diversityPenalty: 0.5 }));
  // λ = 5, three groups: at step 3 the third group's 4,5 leaves 1 (.60) to the first and takes 4 (.15).
  const third = Math.log(0.1 * 0.35 * 0.15 * 0.35 * 0.6) / 5;
  assert.equal(show((await search({ beams: 3, groups: 3, diversityPenalty: 5 }))[0]), [
    '2,3,1 -0.802649',
    '3,1 -1.001240',
    `4,5,4,5,1 ${third.toFixed(6)}`,
  ]);
});

test('diverse search is the plain definition, group by group over the whole vocabulary', async () => {
  const uniform = new Array<number>(6).fill(1 / 6);
  for (const [G, size, lambda] of [
    [1, 3, 9],
    [2, 2, 0.7],
    [3, 2, 0.3],
    [4, 1, 2],
    ...[0.1, 0.2, 0.4, 0.6, 0.9, 1.3].flatMap((lambda) => [
      [3, 2, lambda],
      [2, 3, lambda],
      [4, 1, lambda],
    ]),
  ]) {
    let groups = Array.from({ length: G }, () => [{ ids: [] as number[], sum: 0 }]);
    for (let step = 0; step < 6; step++) {
      const taken: number[] = [];
      groups = groups.map((beams) => {
        const next = beams.flatMap(({ ids, sum }) => {
          if (ids.at(-1) === 1) return [{ ids, sum, rank: sum / ids.length }];
          const row = ids.length === 0 ? toy.starts[0] : (toy.after[ids.at(-1)!] ?? uniform);
          return row.map((p, id) => {
            const grown = sum + Math.log(p);
            const cost = lambda * taken.filter((other) => other === id).length;
            return { ids: [...ids, id], sum: grown, rank: (grown - cost) / (ids.length + 1) };
          });
        });
        const kept = next.sort((a, b) => b.rank - a.rank).slice(0, size);
        for (const { ids } of kept) if (ids.length === step + 1) taken.push(ids[step]);
        return kept;
      });
    }
    const wanted = groups.flat().map(({ ids, sum }) => ({ ids, score: sum / ids.length }));
    wanted.sort((a, b) => b.score - a.score);
    const [found] = await search({ beams: G * size, groups: G, diversityPenalty: lambda });
    assert.equal(
      found.map(({ ids }) => ids.join()),
      wanted.map(({ ids }) => ids.join()),
    );
    found.forEach(({ score }, i) => assert.ok(Math.abs(score! - wanted[i].score) < 1e-6));
  }
});

test('a length exponent of 0 is the sum, of 1 the average', async () => {
  for (const finished of ['apart', 'compete'] as const) {
    const sum = await search({ beams: 3, length: 'sum', finished });
    const average = await search({ beams: 3, length: 'average', finished });
    assert.equal(await search({ beams: 3, length: { power: 0 }, finished }), sum);
    assert.equal(await search({ beams: 3, length: { gnmt: 0 }, finished }), sum);
    assert.equal(await search({ beams: 3, length: { power: 1 }, finished }), average);
    assert.not.equal(sum, average);
  }
});

test('with room for every hypothesis the ordinary search finds the best of all', async () => {
  for (const [rule, divisor] of [
    ['sum', () => 1],
    [{ power: 0.7 }, (n: number) => n ** 0.7],
    [{ gnmt: 0.6 }, (n: number) => ((5 + n) / 6) ** 0.6],
  ] as const) {
    const all: { ids: number[]; score: number }[] = [];
    const grow = (ids: number[], logProb: number): void => {
      if (ids.at(-1) === 1 || ids.length === 4) {
        all.push({ ids, score: logProb / divisor(ids.length) });
        return;
      }
      const row =
        ids.length === 0 ? toy.starts[0] : (toy.after[ids.at(-1)!] ?? new Array<number>(6).fill(1 / 6));
      row.forEach((p, id) => grow([...ids, id], logProb + Math.log(p)));
    };
    grow([], 0);
    all.sort((a, b) => b.score - a.score);
    const [found] = await search({ beams: 400, length: rule, finished: 'apart' }, { maxTokens: 4 });
    for (let i = 0; i < 5; i++) {
      assert.equal(found[i].ids, all[i].ids);
      assert.ok(Math.abs(found[i].score! - all[i].score) < 1e-5);
    }
  }
});

test('the length limit cuts, and says so', async () => {
  const [texts] = await search({ beams: 3 }, { maxTokens: 2 });
  assert.equal(
    texts.map(({ ids }) => ids.length),
    [2, 2, 2],
  );
  assert.equal(
    texts.map(({ ids, isStopped }) => isStopped === (ids[1] === 1)),
    [true, true, true],
  );
  assert.ok(texts.some(({ isStopped }) => !isStopped));
});

test('one beam is greedy', async () => {
  assert.equal((await search({ beams: 1 }))[0][0].ids, [2, 3, 1]);
});

test('items in a batch get what they get alone', async () => {
  const starts = [toy.starts[0], [0.1, 0.05, 0.05, 0.1, 0.6, 0.1], [0.3, 0.3, 0.1, 0.1, 0.1, 0.1]];
  for (const finished of ['apart', 'compete'] as const) {
    for (const options of [
      { beams: 3, finished },
      { beams: 6, groups: 3, finished },
      { beams: 3, finished, length: { gnmt: 0.6 } },
    ]) {
      const together = await search(options, { table: { ...toy, starts } });
      for (const [item, start] of starts.entries()) {
        const alone = await search(options, { table: { ...toy, starts: [start] } });
        assert.equal(together[item], alone[0]);
      }
    }
  }
});

test('more beams than tokens', async () => {
  const tiny: Table = { starts: [[0.6, 0.4]], after: { 0: [0.7, 0.3] } };
  const [texts] = await search({ beams: 4 }, { table: tiny, maxTokens: 3 });
  assert.equal(texts.length, 4);
  assert.equal(texts[0].ids, [0, 0, 0]);
  assert.equal(new Set(texts.map(({ ids }) => ids.join())).size, 4);
});

test('tokens are told once, in order, and end as the best text', async () => {
  for (const finished of ['apart', 'compete'] as const) {
    for (const groups of [1, 3]) {
      const told: TokenEvent[] = [];
      const [texts] = await search({ beams: 3, groups, finished }, { onToken: (event) => told.push(event) });
      assert.equal(
        told.map(({ id }) => id),
        texts[0].ids,
      );
      assert.equal(
        told.map(({ index }) => index),
        texts[0].ids.map((_, i) => i),
      );
    }
  }
});

test('a token on which all hypotheses agree is told before the end', async () => {
  const sure: Table = { starts: [[0, 0, 1, 0, 0, 0]], after: toy.after };
  const decoding = beamSearch(
    topModel({ ...sure, rowsPerItem: 1 }, 1),
    { items: 1, stop: [1], maxTokens: 6 },
    { ...clipCapBeam, beams: 1 },
  );
  assert.equal(await decoding.next(), { value: { item: 0, id: 2, index: 0 }, done: false });
});

test('an aborted search ends with the signal’s reason', async () => {
  const controller = new AbortController();
  const stopAtFirst = (): void => controller.abort(new Error('enough'));
  try {
    await search({ beams: 1 }, { signal: controller.signal, onToken: stopAtFirst });
    assert.unreachable();
  } catch (error) {
    assert.is((error as Error).message, 'enough');
  }
});

test('options that make no sense are refused', async () => {
  const message = async (options: Partial<BeamOptions>, limits = {}): Promise<string> => {
    try {
      await search(options, limits);
      return 'nothing thrown';
    } catch (error) {
      return (error as Error).message;
    }
  };
  assert.match(await message({ beams: 0 }), '0 beams; a whole number from 1');
  assert.match(await message({ length: { power: -1 } }), 'the length exponent is -1');
  assert.match(await message({ length: { gnmt: NaN } }), 'the length exponent is NaN');
  assert.match(await message({ beams: 5, groups: 2 }), '5 beams in 2 groups; as many in each');
  assert.match(await message({ groups: 0 }), '5 beams in 0 groups');
  assert.match(await message({ diversityPenalty: -1 }), 'diversityPenalty is -1');
  assert.match(await message({}, { maxTokens: 0 }), 'maxTokens is 0');
});

test.run();
