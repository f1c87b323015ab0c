# Writes the goldens beside it with NLTK and sacrebleu, and with numbers of its own for CLIPScore.
# pip install nltk==3.10.3 sacrebleu==2.6.0 numpy; python make-goldens.py
import json
import math
import pathlib

import numpy as np
from nltk.stem.snowball import SnowballStemmer
from nltk.translate.bleu_score import SmoothingFunction, sentence_bleu
from nltk.translate.nist_score import corpus_nist
from sacrebleu.tokenizers.tokenizer_13a import Tokenizer13a

here = pathlib.Path(__file__).parent


def write(name, value):
    (here / name).write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n")


words = """
a is the cats gas bus grass glasses cries ties ponies skis skies sky dying lying idly gently ugly early only singly
news howe atlas cosmos bias andes inning innings canning herrings proceeded exceeding succeed agreed agreedly feed
freely bleed sitting sits standing riding hopping hoping falling hissing fizzed filing plastered motoring conflated
troubled sized tanned bed bing sing happy enjoy by say cry boys boy's boys' 's year's yearly yellow youth playing
relational conditional rational valency hesitancy digitizer conformably radically differently vilely analogously
vietnamization predication operator feudalism decisiveness hopefulness callousness formality sensitivity sensibility
analogies apology geology triplicate formative formalize electricity electrical hopeful goodness revival allowance
inference airliner gyroscopic adjustable defensible irritant replacement adjustment dependent adoption communism
activate angularity homologous effective bowdlerize probate rate cease controlling roll rolling generously generic
general communion commune arsenal arsenic beautifully carelessly knack knightly kneeling luxuriated luxurious surfboard
surfing skateboarder motorcycles umbrellas children women knives leaves buses benches sandwiches toothbrushes
decorated decoration decorative various nationality international colourful colorful snowy cloudy grassy furry
""".split()
stemmer = SnowballStemmer("english")
write("porter2-stems.json", {word: stemmer.stem(word) for word in sorted(set(words))})

lines = [
    "A man's dog isn't running; it's \"great\" (really)...",
    "Pay $5.00, i.e. 1,000 cents -- or 3-4 notes.",
    "salt &amp; pepper &lt;hot&gt; &quot;now&quot;",
    "well-known U.S. route 66, at 12:45 p.m.!",
    "50% off @ shop #1 [new]/{old} a_b c^d ~e",
    ".5 and 5. and 5.a and a.5",
]
tokenize = Tokenizer13a()
write("mteval-13a-tokens.json", {line: tokenize(line.lower()).split() for line in lines})

hypotheses = [h.split() for h in [
    "a man rides a big wave on a white board",
    "two cats sleep on the red couch in a room",
    "a small dog runs over green grass with a ball",
]]
references = [[r.split() for r in refs] for refs in [
    ["a man is riding a big wave on a surf board", "the surfer rides a wave on his white board"],
    ["two cats are asleep on a red couch", "a pair of cats sleep on the couch in a room"],
    ["a dog runs over the green grass", "a small brown dog with a ball runs over grass"],
]]


def grams(words, n):
    return [tuple(words[i:i + n]) for i in range(len(words) - n + 1)]


def nist(hypotheses, references, order=5):
    """NIST as mteval-v13a.pl states it: mean reference length, information over all references."""
    counts = {}
    for refs in references:
        for ref in refs:
            for n in range(1, order + 1):
                for g in grams(ref, n):
                    counts[g] = counts.get(g, 0) + 1
    total = sum(len(ref) for refs in references for ref in refs)
    score = 0.0
    for n in range(1, order + 1):
        info = 0.0
        possible = 0
        for hyp, refs in zip(hypotheses, references):
            mine = grams(hyp, n)
            possible += len(mine)
            for g in set(mine):
                hits = min(mine.count(g), max(grams(ref, n).count(g) for ref in refs))
                if hits:
                    before = counts[g[:-1]] if n > 1 else total
                    info += hits * math.log2(before / counts[g])
        score += info / possible
    ratio = sum(map(len, hypotheses)) / sum(sum(map(len, refs)) / len(refs) for refs in references)
    beta = -math.log(0.5) / math.log(1.5) ** 2
    return score * math.exp(-beta * math.log(min(1.0, ratio)) ** 2)


pair = [hypotheses, references]
single = [hypotheses, [refs[:1] for refs in references]]
short = [[h[:6] for h in hypotheses], references]
write("nist.json", {
    "cases": [{"hypotheses": h, "references": r, "nist": nist(h, r)} for h, r in (pair, single, short)],
    # NLTK scores one reference per sentence the same way.
    "nltkSingleReference": corpus_nist(single[1], single[0]),
})

write("smoothed-bleu.json", [
    {
        "hypothesis": h,
        "references": refs,
        "bleu": sentence_bleu(refs, h, smoothing_function=SmoothingFunction().method2),
    }
    for h, refs in zip(hypotheses, references)
])

# CLIPScore's definition (Hessel et al. 2021, sections 3 and 3.1) in numpy, on random features.
rng = np.random.default_rng(7)
images = rng.normal(size=(3, 8)).round(3)
captions = (images * 0.6 + rng.normal(size=(3, 8))).round(3)
captions[2] = -images[2]
reference_features = [(captions[i] * 0.5 + rng.normal(size=(2 + i, 8))).round(3) for i in range(3)]


def unit(x):
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


clip_s = 2.5 * np.clip((unit(images) * unit(captions)).sum(-1), 0, None)
text_s = np.array([max(0, (unit(refs) @ unit(captions[i])).max()) for i, refs in enumerate(reference_features)])
with np.errstate(invalid="ignore"):
    ref_s = np.nan_to_num(2 * clip_s * text_s / (clip_s + text_s))
write("clip-score.json", {
    "images": images.tolist(),
    "captions": captions.tolist(),
    "references": [refs.tolist() for refs in reference_features],
    "clipScore": clip_s.tolist(),
    "refClipScore": ref_s.tolist(),
})
