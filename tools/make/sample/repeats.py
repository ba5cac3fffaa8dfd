"""Texts that repeat word runs of an exact length, so that the rule for n-grams of one length, and no shorter one, drops them.

A run of n words that comes twice counts fully among the duplicate n-grams, and with n-1 words among the (n-1)-grams: between
the two thresholds there is room for a text that only the longer rule drops. Every occurrence stands between different words,
so that no longer run repeats.
"""
RUNS = """the old grey mill turned slowly above a cold river
seven brown horses walked together past our silent stone barn
some small white boats drifted quietly toward that empty harbour
two tired farmers argued loudly about several missing yellow pumpkins
her youngest brother painted wooden fences early every summer morning""".split("\n")

CARRIERS = [("Before breakfast", "until Anna sneezed."), ("Nobody complained when", "in March."),
            ("Last spring", "as usual."), ("People still say", "during heavy snow."),
            ("Once upon an evening", "without any warning."), ("According to Peter", "on Mondays."),
            ("It was strange how", "while church bells rang."), ("Twenty years ago", "beneath a double rainbow."),
            ("Everyone remembers that", "before supper."), ("In my grandfather's diary", "because nothing else happened.")]

FILLERS = """A cart with a broken axle stood across the lane all afternoon.
The smith was asked to come, but he had gone fishing and taken his key with him.
Three boys offered to lift it, and a fourth told them how.
Under the load of turnips somebody discovered a sleeping goose.
She had travelled from the next village without paying.
When the vicar arrived he sat down on the wall and lit his pipe.
There is no hurry, he said, that cannot be cured by a pipe.
The turnips were carried to the inn and turned into soup, which fed the whole crew.
Later a wheel was borrowed from the fire engine.
It proved to be too large, so that the cart leaned over like a listening dog.
Slowly it was drawn up the hill by five men and one very proud pony.
At the top the owner counted what was left.
He had sold his entire load to people who had come to laugh at him.
That winter he had a sign painted and opened a shop in exactly this place.
You can visit it to this day, and buy soup there on market days.
Its door is a little too wide and its sign hangs a little too low.
Hardly any customer knows why a stuffed goose sits above the counter.
Those who ask are given a long answer and a short discount.
My own theory is that the axle had been sawn through by the landlord.
He never denied it, and his funeral was the merriest for miles around.
Every mourner received a turnip with a ribbon tied to it.
The ribbon was green, which had been his favourite colour for bottles.
Afterwards they walked home across the common in twos and threes.
Far off the pony could be seen against the sky, thinking about nothing in particular.""".split("\n")


def text_with_runs(n, run_count, filler_count):
    """`run_count` runs of n words, each twice, between unlike words, and filler sentences, in paragraphs of five."""
    sentences = list(FILLERS[:filler_count])
    for i in range(2 * run_count):
        run = " ".join(RUNS[i % run_count].split()[:n])
        before, after = CARRIERS[i]
        sentences.insert(min(len(sentences), 2 * i + 1), f"{before} {run} {after}")
    return "\n\n".join(" ".join(sentences[i:i + 5]) for i in range(0, len(sentences), 5))

LITTLE_WORDS = "the sea and an old man who had no boat sat down on a wall that he knew of by now".split()


def long_text(word_count):
    """`word_count` words in sentences, drawn from a few by a fixed sequence: long runs do not repeat, yet it packs small."""
    words = sorted(set(LITTLE_WORDS) | {"she", "it", "is", "we", "so"})
    state, out, sentence = 1, [], []
    while len(out) < word_count:
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        sentence.append(words[(state >> 40) % len(words)])
        if len(sentence) == 12:
            sentence[0] = sentence[0].capitalize()
            sentence[-1] += "." if len(out) % 120 else ".\n"
            out += sentence
            sentence = []
    return " ".join(out).replace("\n ", "\n")


def one_line(part_count):
    """At least `part_count` short words in one line without an end, the same few hundred over and over: packs very small."""
    block = long_text(300).replace("\n", " ").replace(". ", " ")
    return " ".join([block] * (part_count // len(block.split()) + 1))
