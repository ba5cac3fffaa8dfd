"""The quality rules of the FineWeb recipe as a slow twin: plain Python, written from the rules' description, sharing nothing
with filters/. The sample's generator asks it whether a page is kept and with what margin, before any C++ runs.

  for measurement in measure(text): print(measurement)     # rule, value, relation, threshold, drops
  first_drop(text)                                         # "gopher_quality.too_short", or None

Words are split more simply than in filters/ (a word is a run of letters, digits, inner apostrophes and hyphens; any other
sign is a word of its own), so values within a few per cent of a threshold may fall on the other side there. Sources of the
rules: Rae et al. 2021, Table A1 (Gopher); Raffel et al. 2020, section 2.2 (C4); Penedo et al. 2024, section 3.6 (FineWeb).
"""
import re
import unicodedata
from collections import Counter, namedtuple

Measurement = namedtuple("Measurement", "rule value relation threshold drops")

WORD = re.compile(r"[^\W_]+(?:['’.,-][^\W_]+)*|\.\.\.|[^\w\s]|_")
SENTENCE_END = re.compile(r"[.!?…][\"'”’)\]]*(?:\s+|$)")
CITATION = re.compile(r"\[\d*\]|\[edit\]|\[citation needed\]")
POLICY = ("terms of use", "privacy policy", "cookie policy", "uses cookies", "use of cookies", "use cookies")
STOP_WORDS = {"the", "be", "to", "of", "and", "that", "have", "with"}
LINE_ENDS = (".", "'", '"', "!", "?")  # the released form; `head` uses a Unicode set without quotes


def words_of(text):
    return WORD.findall(text)


def sentences_of(line):
    return len([part for part in SENTENCE_END.split(line) if part.strip()])


def repeats(items):
    """-> how many items came before already, and their length in characters"""
    seen, count, chars = set(), 0, 0
    for item in items:
        if item in seen:
            count, chars = count + 1, chars + len(item)
        seen.add(item)
    return count, chars


def over(rule, value, limit):
    return Measurement(rule, value, ">", limit, value > limit)


def under(rule, value, limit):
    return Measurement(rule, value, "<", limit, value < limit)


def gopher_repetition(text):
    name = "gopher_repetition."
    paragraphs = re.split(r"\n{2,}", text.strip())
    count, chars = repeats(paragraphs)
    yield over(name + "duplicate_paragraphs", count / len(paragraphs), 0.30)
    yield over(name + "duplicate_paragraph_chars", chars / len(text), 0.20)
    lines = re.split(r"\n+", text)
    count, chars = repeats(lines)
    yield over(name + "duplicate_lines", count / len(lines), 0.30)
    yield over(name + "duplicate_line_chars", chars / len(text), 0.20)
    words = words_of(text)
    for n, limit in ((2, 0.20), (3, 0.18), (4, 0.16)):
        grams = Counter(" ".join(words[i:i + n]) for i in range(len(words) - n + 1))
        best = max(((count, len(gram)) for gram, count in grams.items()), default=(0, 0))
        top = max((len(gram) * count for gram, count in grams.items() if count == best[0]), default=0)
        yield over(f"{name}top_{n}gram", top / len(text), limit)
    for n, limit in ((5, 0.15), (6, 0.14), (7, 0.13), (8, 0.12), (9, 0.11), (10, 0.10)):
        seen, chars, i = set(), 0, 0
        while i <= len(words) - n:
            gram = "".join(words[i:i + n])
            if gram in seen:
                chars, i = chars + len(gram), i + n
            else:
                seen.add(gram)
                i += 1
        yield over(f"{name}duplicate_{n}gram", chars / len(text), limit)


def gopher_quality(text):
    name = "gopher_quality."
    words = words_of(text)
    lines = text.splitlines()
    real = [w for w in words if any(unicodedata.category(c)[0] not in "PS" for c in w)]
    yield under(name + "too_short", len(real), 50)
    yield over(name + "too_long", len(real), 100_000)
    mean = sum(map(len, real)) / max(1, len(real))
    yield under(name + "short_words", mean, 3)
    yield over(name + "long_words", mean, 10)
    total = max(1, len(words))
    yield over(name + "hashes", text.count("#") / total, 0.1)
    yield over(name + "ellipses", (text.count("...") + text.count("…")) / total, 0.1)
    yield over(name + "bullet_lines", sum(s.lstrip()[:1] in ("•", "-") for s in lines if s.strip()) / max(1, len(lines)), 0.9)
    yield over(name + "ellipsis_lines", sum(s.rstrip().endswith(("...", "…")) for s in lines) / max(1, len(lines)), 0.3)
    yield under(name + "few_alphabetic_words", sum(any(c.isalpha() for c in w) for w in words) / total, 0.8)
    yield under(name + "few_stop_words", len(STOP_WORDS & set(words)), 2)


def c4_lines(text):
    """-> the lines C4 keeps, or the reason that drops the whole document"""
    kept = []
    for line in text.splitlines():
        line = line.strip()
        words = line.split()
        if any(len(word) > 1000 for word in words):
            continue
        line = CITATION.sub("", line)
        if len(words) < 3:
            continue
        lower = line.lower()
        if "lorem ipsum" in lower:
            return "c4.lorem_ipsum"
        if "javascript" in lower:
            continue
        if "{" in line:
            return "c4.curly_bracket"
        if any(phrase in lower for phrase in POLICY):
            continue
        kept.append(line)
    return kept


def c4(kept):
    for reason in ("c4.lorem_ipsum", "c4.curly_bracket"):
        yield over(reason, float(kept == reason), 0)
    if not isinstance(kept, str):
        yield under("c4.too_few_sentences", sum(map(sentences_of, kept)), 5)


def fineweb(text):
    name = "fineweb."
    lines = text.split("\n")
    yield Measurement(name + "few_punctuated_lines", v := sum(s.endswith(LINE_ENDS) for s in lines) / len(lines), "<=", 0.12, v <= 0.12)
    yield Measurement(name + "short_lines", v := sum(len(s) <= 30 for s in lines) / len(lines), ">=", 0.67, v >= 0.67)
    chars = max(1, len(text.replace("\n", "")))
    yield Measurement(name + "duplicate_line_chars", v := repeats(lines)[1] / chars, ">=", 0.01, v >= 0.01)
    yield over(name + "list", text.count("\n") / max(1, len(words_of(text))), 0.3)


def measure(text):
    """Every rule's measurement in the recipe's order; C4's rewriting is applied before FineWeb's rules."""
    result = [*gopher_repetition(text), *gopher_quality(text)]
    kept = c4_lines(text)
    result += c4(kept)
    if not isinstance(kept, str):
        result += fineweb("\n".join(kept).strip())
    return result


def first_drop(text):
    return next((m.rule for m in measure(text) if m.drops), None)


def margin(measurement):
    """How far a value lies from its threshold on the side that keeps, as a share of the threshold; negative: it drops."""
    distance = measurement.threshold - measurement.value
    if measurement.relation[0] == "<":
        distance = -distance
    return distance / measurement.threshold if measurement.threshold else -measurement.value
