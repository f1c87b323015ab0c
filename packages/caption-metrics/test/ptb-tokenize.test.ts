// The tokenizer against what the Stanford tokenizer itself printed for these captions.
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { ptbTokenize, tokenizeCaption } from '../src/ptb-tokenize.ts';

const test = suite('ptb tokenize');

const goldens: [caption: string, tokens: string][] = [
  [
    `A man's dog isn't running; it's "great" (really)...`,
    "a man 's dog is n't running ; it 's `` great '' -lrb- really -rrb- ...",
  ],
  ["Two cats' tails -- can't stop!", "two cats ' tails -- ca n't stop !"],
  [
    "I cannot see what they're gonna do, but we'll wanna go.",
    "i can not see what they 're gon na do , but we 'll wan na go .",
  ],
  ['A fork.A pipe is here.', 'a fork.a pipe is here .'],
  ['A multi-purpose traffic signal / street sign', 'a multi-purpose traffic signal / street sign'],
  [`The t-shirt says "I love N.Y." on it.`, "the t-shirt says `` i love n.y. '' on it ."],
  [
    'Mr. Smith and Dr. Jones at the corner of 5th St. and Main Ave.',
    'mr. smith and dr. jones at the corner of 5th st. and main ave.',
  ],
  ['A sign for U.S. Route 66 at 12:45 p.m.', 'a sign for u.s. route 66 at 12:45 p.m. .'],
  ['A cake with M&Ms & candles for a 50th birthday', 'a cake with m&m s & candles for a 50th birthday'],
  ['A 3-year-old boy plays Wii U.', 'a 3-year-old boy plays wii u.'],
  [
    'Woman holding a baby [close up] {portrait}',
    'woman holding a baby -lsb- close up -rsb- -lcb- portrait -rcb-',
  ],
  ['A $5.00 bill and 1,000 people, 1/2 mile', 'a $ 5.00 bill and 1,000 people , 1/2 mile'],
  ['a man - in a hat --- and a dog ---- there', 'a man - in a hat -- and a dog -- there'],
  ['What?! Yes!! No...', 'what ?! yes !! no ...'],
  ["O'Malley's pub and rock 'n' roll", "o'malley 's pub and rock 'n' roll"],
  ["Children wearing 1960s-era clothes in the '60s", "children wearing 1960s-era clothes in the '60s"],
  ['It’s a “great” café in Zürich', "it 's a `` great '' café in zürich"],
  ['people ride @ the park #1 50% off', 'people ride @ the park # 1 50 % off'],
  ['A couple sit on a bench...looking at the sea', 'a couple sit on a bench ... looking at the sea'],
  ['http://example.com/a.jpg shown', 'http://example.com/a.jpg shown'],
  ['a woman & a man eat fish+chips', 'a woman & a man eat fish + chips'],
  ["don't dont can't cant won't", "do n't dont ca n't cant wo n't"],
  ["the boys' room and James' cat", "the boys ' room and james ' cat"],
];

for (const [caption, tokens] of goldens) {
  test(`tokens of ${caption}`, () => assert.equal(ptbTokenize(caption).join(' '), tokens));
}

const described: [caption: string, tokens: string, why: string][] = [
  ['a red/yellow bus', 'a red/yellow bus', 'a slash between two parts'],
  ['salt &amp; pepper &lt;3', 'salt & pepper < 3', 'entities'],
  ['wait… what', 'wait ... what', 'one-character ellipsis'],
  ['so . . . yes', 'so ... yes', 'spaced ellipsis'],
  ['John F. kennedy speaks', 'john f. kennedy speaks', 'an initial'],
  ['this is plan B. it works', 'this is plan b . it works', 'a letter that ends a sentence'],
  ['gimme that, lemme go, I gotta run', 'gim me that , lem me go , i got ta run', 'fused words'],
  ['first line\nsecond line', 'first line second line', 'a line break is a space'],
  ["we've 2 and you'd say I'm late", "we 've 2 and you 'd say i 'm late", 'contractions'],
  ['he was ill.', 'he was ill .', "a state's abbreviation only with a capital"],
  ['from Springfield, Ill. by bus', 'from springfield , ill. by bus', "a state's abbreviation"],
  ['  ', '', 'nothing'],
];

for (const [caption, tokens, why] of described) {
  test(`tokens: ${why}`, () => assert.equal(ptbTokenize(caption).join(' '), tokens));
}

test('punctuation is removed, but not ?! nor brackets', () => {
  assert.equal(
    tokenizeCaption(`What?! "A dog" - here (really), it's fun.`).join(' '),
    "what ?! a dog here -lrb- really -rrb- it 's fun",
  );
});

test('text of any script or none ends', () => {
  assert.equal(ptbTokenize('犬 🐕 runs\u0000!'), ['犬', '🐕', 'runs', '\u0000', '!']);
});

test.run();
