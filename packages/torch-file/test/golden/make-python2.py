# Document frequencies as CIDEr's code keeps them, by Python 2's pickle modules; see README.md. Run: jython make-python2.py
import cPickle
import pickle
from collections import defaultdict

words = ["a", "caf\xc3\xa9", "don't", "\"so\"", "'n' \"\\\n", u"caf\xe9 \u732b"]
counts = defaultdict(float)
for i, word in enumerate(words):
    counts[(word,)] = float(i + 1)
    counts[("a", word)] += 0.5
table = {"document_frequency": dict(counts), "ref_len": 40504}
values = [("frequencies", counts), ("table", table), ("plain", [1, -2, 3L, 2 ** 70, True, False, None, 1e300, float("inf"), (), [], {}])]
for name, value in values:
    for protocol in (0, 1, 2):
        for module in (pickle, cPickle):
            with open("python2-%s-%d-%s.pkl" % (name, protocol, module.__name__), "wb") as out:
                module.dump(value, out, protocol)
