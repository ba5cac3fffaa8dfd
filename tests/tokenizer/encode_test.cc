// Encoding against its slow twins: scanners, vector windows, merging, caches, chunks; and what bad input gets.
#include <gtest/gtest.h>

#include <random>
#include <thread>

#include "core/error.h"
#include "tests/reference/slow_bpe.h"
#include "tests/support/test_data.h"
#include "tests/support/vector_levels.h"
#include "tokenizer/encode/bpe_encode.h"
#include "tokenizer/encoding.h"
#include "tokenizer/pretokenize.h"

namespace ftok {
namespace {

using Ids = std::vector<uint32_t>;
using Random = std::mt19937_64;

const std::vector<Pattern> kPatterns = {Pattern::kGpt2,  Pattern::kGpt2Original, Pattern::kCl100k, Pattern::kLlama3,
                                        Pattern::kQwen2, Pattern::kO200k,        Pattern::kSmollm, Pattern::kTekken};

std::string frozen_path() { return (testing::source_folder() / "tests/data/frozen-1k.tiktoken").string(); }

const Encoding& frozen() {
  static const Encoding encoding = Encoding::load(frozen_path());
  return encoding;
}

// The 256 bytes and these tokens, in their order of rank; the pattern is GPT-2's.
Vocabulary bytes_and(const std::vector<std::string>& tokens) {
  Vocabulary vocabulary;
  const auto add = [&](const std::string& token) {
    vocabulary.bytes += token;
    vocabulary.offsets.push_back(static_cast<uint32_t>(vocabulary.bytes.size()));
  };
  for (int b = 0; b < 256; ++b) add(std::string(1, static_cast<char>(b)));
  for (const std::string& token : tokens) add(token);
  vocabulary.pattern = Pattern::kGpt2;
  return vocabulary;
}

// Words of the classes the patterns tell apart.
// clang-format off
const std::vector<std::string> kParts = {
    " ", " ", "  ", "\n", "\r\n", "\t", "\v", "\xC2\xA0", "\xC2\x85", "\xE2\x80\xA8", "a", "the", "Word",
    "HTTPServer", "x", "Z",
    "é", "ſ", "ß", "ǅ", "ʰ", "中", "文字", "한국", "हि", "न्", "\xCC\x81", "\xE2\x80\x8D", "1", "22", "333", "4444444",
    "٣", "½",
    "'", "'s", "'S", "'ll", "'LL", "'lL", "'ve", "'re", "'d", "'ſ", "'x", "''", "’", "!", "?!", "...", "/", "//",
    "\n/", "!\n",
    "—", "“", "”", "…", "‐", "‧", "É", "Àb", "Ý", "ÿ", "×", "÷", "ª", "\xC3", "\xE2\x80", "\xE2\x80\x8F",
    "👍", "\xE4\xBD", "\xFF", "\x80", std::string(1, '\0'), "_", "-"};
// clang-format on

std::string random_text(Random& random, size_t parts, const std::vector<std::string>& from = kParts) {
  std::string text;
  for (size_t i = 0; i < parts; ++i) text += from[random() % from.size()];
  return text;
}

// Of those what windows know: ASCII and the characters outside it that are frequent in English.
std::vector<std::string> window_parts() {
  std::vector<std::string> parts = {"—", "“", "”", "…", "‐", "‧", "É", "Àb", "Ý", "ÿ", "é", "ß", "’", "“", "”"};
  for (const std::string& part : kParts) {
    if (std::none_of(part.begin(), part.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; }))
      parts.push_back(part);
  }
  return parts;
}

std::vector<size_t> fast_cuts(Pattern pattern, std::string_view text) {
  std::vector<size_t> cuts;
  for (size_t begin = 0; begin < text.size();) {
    begin = pretoken_end(pattern, text, begin);
    cuts.push_back(begin);
  }
  return cuts;
}

std::vector<size_t> vector_cuts(VectorLevel level, Pattern pattern, std::string_view text) {
  const CutScanner scanner(pattern);
  const auto* data = reinterpret_cast<const unsigned char*>(text.data());
  std::vector<uint32_t> found(256);
  std::vector<size_t> cuts;
  for (size_t begin = 0; begin < text.size();) {
    const size_t n = find_cuts(level, scanner, data + begin, data + text.size(), found.data(), found.size());
    for (size_t i = 0; i < n; ++i) cuts.push_back(begin + found[i]);
    begin = cuts.back();
  }
  return cuts;
}

TEST(Scanners, EqualTheSlowOnesOnRandomText) {
  Random random(1);
  for (int i = 0; i < 4000; ++i) {
    const std::string text = random_text(random, 1 + random() % 12);
    for (const Pattern pattern : kPatterns) {
      ASSERT_EQ(fast_cuts(pattern, text), reference::slow_cuts(pattern, text)) << pattern_name(pattern) << ": " << text;
    }
  }
}

TEST(Scanners, AllVectorLevelsGiveTheSameCuts) {
  Random random(2);
  for (int i = 0; i < 8000; ++i) {
    std::string text = random_text(random, 1 + random() % 200);
    if (i % 2 == 0) {  // ASCII alone, so that windows do the work
      std::erase_if(text, [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
    }
    if (i % 4 == 1) text = random_text(random, 1 + random() % 200, window_parts());
    if (text.empty()) continue;
    for (const Pattern pattern : kPatterns) {
      const std::vector<size_t> plain = fast_cuts(pattern, text);
      for (const VectorLevel level : testing::vector_levels_here()) {
        ASSERT_EQ(vector_cuts(level, pattern, text), plain)
            << pattern_name(pattern) << ", level " << static_cast<int>(level) << ": " << text;
      }
    }
  }
}

TEST(Scanners, EveryPairOfAsciiCharactersInEveryPlace) {
  for (const Pattern pattern : kPatterns) {
    for (int a = 0; a < 128; ++a) {
      for (int b = 0; b < 128; ++b) {
        std::string text = "word ";
        for (const char* between : {"x", " ", "9", ".", "\n", "'", "—", "é", "À"}) {
          text += between;
          text.push_back(static_cast<char>(a));
          text.push_back(static_cast<char>(b));
        }
        text += std::string(70, 'y');
        ASSERT_EQ(vector_cuts(vector_level(), pattern, text), fast_cuts(pattern, text))
            << pattern_name(pattern) << " " << a << " " << b;
      }
    }
  }
}

// Also halves of surrogate pairs, and two bytes too long for what they say: both are bytes that are not UTF-8.
TEST(Scanners, EveryCharacterOfTwoAndThreeBytesBetweenOthers) {
  const auto byte = [](unsigned value) { return static_cast<char>(value); };
  for (unsigned c = 0; c < 0x10000; ++c) {
    const std::string three = {byte(0xE0 | c >> 12), byte(0x80 | (c >> 6 & 63)), byte(0x80 | (c & 63))};
    const std::string two = {byte(0xC0 | c >> 6), byte(0x80 | (c & 63))};
    const std::string character = c >= 0x80 && c < 0x800 ? two : three;
    std::string text;
    for (const char* between : {"", "x", "A", " ", "9", ".", "\n", "'", "é", "Ж", "中", "\xCC\x81", "  ", "©"})
      text += between + character;
    text += std::string(70, 'y');
    for (const Pattern pattern : kPatterns) {
      ASSERT_EQ(vector_cuts(vector_level(), pattern, text), fast_cuts(pattern, text))
          << pattern_name(pattern) << " U+" << std::hex << c;
    }
  }
}

TEST(Scanners, AllVectorLevelsGiveTheSameCutsOfManyScripts) {
  // clang-format off
  const std::vector<std::string> parts = {
      "Война", "мир", "Ж", "Ελλάδα", "ς", "Ω", "שלום", "בְּ", "سلام", "مُ", "हिन्दी", "ा", "्", "ไทย", "ำ", "中文",
      "漢", "かな", "カ", "한국", "ﬁ",
      "Ａ", "ｂ", "１", "①", "٣", "ʰ", "ǅ", "ẞ", "ß", "ᾈ", "Ⅷ", "ª", "\xCC\x81", "\xEF\xB8\x8F", "\xE2\x80\x8D", "。",
      "、", "«", "»",
      "–", "©", "€", "\xE3\x80\x80", "\xC2\xA0", "ſ", "'ſ", "a", "the", "Word", "AB", "B", "'s", "7", "123", ".",
      "..", "/", "!\n", "\n", " ",
      "  ", " ", " ", "\t", "👍", "𝒜", "\xE4\xBD", "\xC3", "\x80", "\xED\xA0\x80", "\xE0\x81\x81"};
  // clang-format on
  Random random(4);
  for (int i = 0; i < 12000; ++i) {
    // Few kinds of parts at a time, so that long stretches are known.
    std::vector<std::string> some = {" "};
    for (size_t kinds = 1 + random() % 6; kinds > 0; --kinds) some.push_back(parts[random() % parts.size()]);
    const std::string text = random_text(random, 1 + random() % 120, some);
    for (const Pattern pattern : kPatterns) {
      const std::vector<size_t> plain = fast_cuts(pattern, text);
      for (const VectorLevel level : {VectorLevel::kAvx2, VectorLevel::kAvx512}) {
        if (level > vector_level()) continue;
        ASSERT_EQ(vector_cuts(level, pattern, text), plain)
            << pattern_name(pattern) << ", level " << static_cast<int>(level) << ": " << text;
      }
    }
  }
}

TEST(Scanners, TheTwoFormsOfCl100kDifferAtTheEndOfAText) {
  EXPECT_EQ(fast_cuts(Pattern::kCl100k, "a\n "), (std::vector<size_t>{1, 3}));
  EXPECT_EQ(fast_cuts(Pattern::kLlama3, "a\n "), (std::vector<size_t>{1, 2, 3}));
}

TEST(Scanners, SureCutsAreCutsWhateverFollows) {
  Random random(3);
  for (int i = 0; i < 3000; ++i) {
    const std::string before = random_text(random, 1 + random() % 20), after = random_text(random, 1 + random() % 20);
    const size_t cut = last_sure_cut(before);
    if (cut == 0) continue;
    const std::string text = before + after;
    for (const Pattern pattern : kPatterns) {
      const std::vector<size_t> cuts = fast_cuts(pattern, text);
      ASSERT_TRUE(std::binary_search(cuts.begin(), cuts.end(), cut)) << pattern_name(pattern) << ": " << text;
    }
  }
}

TEST(Encode, EqualsTheSlowEncoder) {
  Random random(4);
  for (int i = 0; i < 1500; ++i) {
    const std::string text = random_text(random, 1 + random() % 30);
    if (truncated_tail(text) != text.size()) continue;
    ASSERT_EQ(frozen().encode_ordinary(text), reference::slow_encode(frozen().vocabulary(), text)) << text;
  }
}

TEST(Encode, MergesPiecesOfAllLengthsLikeTheSlowOne) {
  Random random(5);
  MergeScratch scratch;
  const Merger& merger = frozen().tables().merger;
  for (int i = 0; i < 1200; ++i) {
    std::string piece;
    const size_t size = 1 + random() % (i % 10 == 0 ? 700 : 40);
    const unsigned letters = 1 + random() % 26;
    while (piece.size() < size) piece.push_back(static_cast<char>('a' + random() % letters));
    Ids ids;
    merger.merge(piece, scratch, ids);
    if (frozen().id_of(piece)) continue;
    ASSERT_EQ(ids, reference::slow_merge(frozen().vocabulary(), piece)) << piece;
  }
}

// With few tokens most pairs are not there, and the table of pairs is nearly empty.
TEST(Encode, MergesPiecesOfAllLengthsWithFewTokens) {
  const Encoding encoding(bytes_and({"ab", "ba", "aa", "abab", "cc", "ccb", " a"}));
  Random random(6);
  for (size_t size = 1; size <= 140; ++size) {
    for (const std::string letters : {"x", "a", "ab", "abc", "abcxyz"}) {
      std::string text;
      while (text.size() < size) text.push_back(letters[random() % letters.size()]);
      ASSERT_EQ(encoding.encode_ordinary(text), reference::slow_encode(encoding.vocabulary(), text)) << text;
    }
  }
}

TEST(Encode, MergesLongPiecesLikeTheSlowOne) {
  Random random(15);
  MergeScratch scratch;
  const Merger& merger = frozen().tables().merger;
  const std::vector<std::string> alphabets = {
      "ab", "the ", "etaoin", "abcdefghijklmnopqrstuvwxyz", "\xE4\xB8\xAD\xE5\x9B\xBD\xCC\x81", "aaaaaaaab"};
  for (int i = 0; i < 90; ++i) {
    const std::string& alphabet = alphabets[static_cast<size_t>(i) % alphabets.size()];
    std::string piece;
    const size_t size = 60 + random() % 900;
    while (piece.size() < size) {  // random letters, now and then a repetition
      const size_t unit = 1 + random() % 9, times = random() % 8 == 0 ? 1 + random() % 60 : 1;
      std::string part;
      for (size_t k = 0; k < unit; ++k) part.push_back(alphabet[random() % alphabet.size()]);
      for (size_t k = 0; k < times; ++k) piece += part;
    }
    Ids ids;
    merger.merge(piece, scratch, ids);
    ASSERT_EQ(ids, reference::slow_merge(frozen().vocabulary(), piece)) << piece;
  }
}

// Of the lengths of o200k's newlines, in their order: no chunk of 24 ends where the next one begins, so windows do all,
// and only a few differ.
TEST(Encode, WindowsOfARunAreMadeOnce) {
  std::vector<std::string> tokens;
  for (const size_t size : {2, 3, 4, 8, 5, 6, 16, 7, 9, 10}) tokens.emplace_back(size, '\n');
  const Vocabulary vocabulary = bytes_and(tokens);
  const Merger merger(vocabulary);
  for (const size_t size : {100, 1000, 100000}) {
    MergeScratch scratch;
    Ids ids;
    merger.merge(std::string(size, '\n'), scratch, ids);
    EXPECT_LE(scratch.windows_made, 24u) << size;
    if (size <= 1000) {
      EXPECT_EQ(ids, reference::slow_merge(vocabulary, std::string(size, '\n'))) << size;
    }
  }
}

TEST(Encode, DecodesToItself) {
  Random random(6);
  for (int i = 0; i < 2000; ++i) {
    const std::string text = random_text(random, random() % 50);
    ASSERT_EQ(frozen().decode(frozen().encode_ordinary(text)), text);
  }
}

TEST(Encode, CountsAndAppends) {
  Random random(7);
  for (int i = 0; i < 300; ++i) {
    const std::string text = random_text(random, random() % 300);
    Ids ids = {7};
    frozen().encode_ordinary(text, ids);
    EXPECT_EQ(ids.size(), 1 + frozen().count(text));
    ids.erase(ids.begin());
    EXPECT_EQ(ids, frozen().encode_ordinary(text));
  }
}

TEST(Encode, TheSameFromEveryThread) {
  Random random(8);
  std::vector<std::string> texts;
  std::vector<Ids> expected;
  for (int i = 0; i < 50; ++i) {
    texts.push_back(random_text(random, 500));
    expected.push_back(frozen().encode_ordinary(texts.back()));
  }
  std::vector<std::thread> threads;
  std::atomic<int> wrong = 0;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (size_t i = 0; i < texts.size(); ++i) wrong += frozen().encode_ordinary(texts[i]) != expected[i];
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST(Encode, LongRunsAreMergedLikeTheSlowOne) {
  for (const std::string unit : {"a", "^", " ", "\n", "ab", "the", "中", "\xCC\x81"}) {
    std::string text;
    while (text.size() < 1500) text += unit;
    EXPECT_EQ(frozen().encode_ordinary(text), reference::slow_encode(frozen().vocabulary(), text)) << unit;
  }
}

TEST(Encode, SpecialTokens) {
  const uint32_t end = *frozen().end_of_text();
  EXPECT_EQ(end, 1000u);
  EXPECT_EQ(frozen().encode("<|endoftext|>", Specials::kAllow), (Ids{end}));
  const Ids plain = frozen().encode("a<|endoftext|>", Specials::kPlain);
  EXPECT_EQ(std::count(plain.begin(), plain.end(), end), 0);
  EXPECT_EQ(frozen().decode(plain), "a<|endoftext|>");
  EXPECT_EQ(frozen().count_specials("a<|endoftext|>b<|pad|><|endoftext"), 2u);
  try {
    frozen().encode("ab<|endoftext|>", Specials::kRefuse);
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "special token \"<|endoftext|>\" in the text at byte 2");
  }
}

TEST(SpecialFinder, FindsTheLeftmostAndThereTheLongest) {
  const auto found = [](const std::vector<SpecialToken>& specials, std::string_view text, size_t offset) {
    const SpecialFinder::Match match = SpecialFinder(specials).find(text, offset);
    return std::tuple(match.begin, match.size, match.id);
  };
  const std::tuple<size_t, size_t, uint32_t> nothing{0, 0, 0};
  // Where all begin with one byte, and where they do not.
  const std::vector<SpecialToken> alike = {{"<a>", 7}, {"<a><b>", 8}, {"<|", 9}},
                                  different = {{"<a>", 7}, {"<a><b>", 8}, {"<|", 9}, {"[x]", 10}};
  for (const auto& specials : {alike, different}) {
    EXPECT_EQ(found(specials, "< <b> <a <a", 0), nothing);
    EXPECT_EQ(found(specials, "", 0), nothing);
    EXPECT_EQ(found(specials, "<<a><<|", 0), std::tuple(1u, 3u, 7u));
    EXPECT_EQ(found(specials, "<<a><<|", 2), std::tuple(5u, 2u, 9u));
    EXPECT_EQ(found(specials, "x<a><b>", 0), std::tuple(1u, 6u, 8u));
    EXPECT_EQ(found(specials, "x<a><b", 1), std::tuple(1u, 3u, 7u));
  }
  EXPECT_EQ(found(alike, "[x]<|", 0), std::tuple(3u, 2u, 9u));
  EXPECT_EQ(found(different, "[x]<|", 0), std::tuple(0u, 3u, 10u));
  EXPECT_EQ(found({}, "<a>", 0), nothing);
}

TEST(Encode, SpansCoverTheText) {
  const std::string text = "hello world<|endoftext|> green cow";
  const std::vector<TokenSpan> spans = frozen().encode_spans(text, Specials::kAllow);
  size_t at = 0;
  for (const TokenSpan& span : spans) {
    EXPECT_EQ(span.begin, at);
    EXPECT_EQ(frozen().token_bytes(span.id), text.substr(span.begin, span.end - span.begin));
    at = span.end;
  }
  EXPECT_EQ(at, text.size());
}

TEST(Encode, CharacterOffsetsOfTheKnownAnswer) {
  FTOK_NEEDS_TEST_DATA("tokenizer/cl100k_base.tiktoken");
  const Encoding e = Encoding::load((testing::test_data_folder() / "tokenizer/cl100k_base.tiktoken").string());
  std::vector<size_t> begins;
  for (const TokenSpan& span : e.encode_spans("hello world<|endoftext|> green cow", Specials::kAllow))
    begins.push_back(span.begin);
  EXPECT_EQ(begins, (std::vector<size_t>{0, 5, 11, 24, 30}));
}

TEST(Encode, CharacterOffsetsOfTokensInsideCharacters) {
  const std::string text = "a👍b";
  const std::vector<TokenSpan> spans = frozen().encode_spans(text, Specials::kPlain);
  ASSERT_EQ(spans.front().character_begin, 0u);
  ASSERT_EQ(spans.back().character_end, 3u);
  for (const TokenSpan& span : spans) {
    if (span.begin > 1 && span.begin < 5) {
      EXPECT_EQ(span.character_begin, 1u);
    }
    if (span.end > 1 && span.end <= 5) {
      EXPECT_EQ(span.character_end, 2u);
    }
  }
}

TEST(Encode, PrefixesAreThoseOfTheWholeText) {
  Random random(9);
  for (int i = 0; i < 200; ++i) {
    const std::string text = random_text(random, i % 20 == 0 ? 9000 : random() % 200);
    const Ids all = frozen().encode_ordinary(text);
    const size_t budget = random() % (all.size() + 3);
    const EncodedPrefix prefix = frozen().encode_prefix(text, budget);
    ASSERT_EQ(prefix.ids, Ids(all.begin(), all.begin() + static_cast<ptrdiff_t>(std::min(budget, all.size()))));
    EXPECT_EQ(frozen().decode(prefix.ids), text.substr(0, prefix.bytes));
    EXPECT_EQ(prefix.whole, budget >= all.size());
  }
}

TEST(Encode, BatchesKeepTheirOrder) {
  Random random(10);
  std::vector<std::string> texts;
  for (int i = 0; i < 300; ++i) texts.push_back(random_text(random, random() % 60));
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  const std::vector<Ids> batch = frozen().encode_batch(views);
  ASSERT_EQ(batch.size(), texts.size());
  for (size_t i = 0; i < texts.size(); ++i) ASSERT_EQ(batch[i], frozen().encode_ordinary(texts[i]));
}

TEST(Encode, ATextWithMorePretokensThanTheCacheHolds) {
  Random random(11);
  std::string text;
  for (int i = 0; i < 80000; ++i)
    text += " " + std::to_string(random()) + std::string(random() % 30, 'x') + std::to_string(random());
  Ids ids;
  EncodeState state(frozen().tables());
  state.encode(text, ids);
  EXPECT_EQ(frozen().decode(ids), text);
  EXPECT_LE(state.cache_bytes(), PretokenCache::kTableBytesMax + PretokenCache::kArenaWords * sizeof(uint32_t));
  Ids again;  // now out of the cache, which has been emptied and filled
  state.encode(text, again);
  EXPECT_EQ(again, ids);
  const std::string part = text.substr(0, 20000);
  EXPECT_EQ(frozen().encode_ordinary(part), reference::slow_encode(frozen().vocabulary(), part));
}

// Large pretokens are merged by themselves, between blocks of small ones; the cuts behind them are found once.
TEST(Encode, CutsBehindLargePretokensAreFoundOnce) {
  std::string large, text;
  for (int i = 0; i < 40'000; ++i) large += "\u00E9";
  for (int i = 0; i < 50; ++i) text += "12 3" + large;
  const std::string small(text.size(), '7');
  for (const std::string& one : {text, small}) {
    EncodeState state(frozen().tables());
    Ids ids;
    state.encode(one, ids);
    EXPECT_EQ(frozen().decode(ids), one);
    EXPECT_EQ(state.bytes_cut(), one.size());
    EXPECT_EQ(state.count(one), ids.size());
  }
  Ids pieces;
  EncodeState state(frozen().tables());
  for (int i = 0; i < 50; ++i) state.encode("12 3", pieces), state.encode(large, pieces);
  EXPECT_EQ(frozen().encode_ordinary(text), pieces);
}

// White space before the last pretoken is cut as in the whole text, not as at the end of one.
TEST(TruncatedTail, ChangesOnlyTheLastPretoken) {
  const Encoding encoding(bytes_and({"\n\n", "\t\t"}));
  const uint32_t newline = '\n', two = 256, tab = '\t';
  EXPECT_EQ(encoding.encode_ordinary("a\n\n\n\n"), (Ids{'a', two, two}));  // at the end of a text
  EXPECT_EQ(encoding.encode_ordinary("a\n\n\n\n0"), (Ids{'a', two, newline, newline, '0'}));
  EXPECT_EQ(encoding.encode_ordinary("a\n\n\n\n0\xC5"), (Ids{'a', two, newline, newline, '0', 0xC5}));
  EXPECT_EQ(encoding.encode_ordinary("a\t\t.\xE4\xB8"), (Ids{'a', tab, tab, '.', 0xE4, 0xB8}));
  EXPECT_EQ(encoding.encode_ordinary("\n\n\xC5"), (Ids{two, 0xC5}));  // white space that is the last pretoken
}

TEST(Decode, Utf8WithReplacement) {
  const auto id = [](const char* bytes) { return *frozen().id_of(bytes); };
  EXPECT_EQ(frozen().decode_utf8(Ids{id("a"), id("\xE4"), id("b")}),
            "a\xEF\xBF\xBD"
            "b");
  EXPECT_EQ(frozen().decode_utf8(frozen().encode_ordinary("naïve 👍")), "naïve 👍");
  EXPECT_EQ(frozen().decode_utf8(Ids{id("\xFF"), id("\x80")}), "\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST(Decode, RefusesWhatIsNoToken) {
  try {
    frozen().decode(Ids{5, 1004});
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "id 1004 at position 1 is not a token of frozen-1k (ids are below 1004)");
  }
}

TEST(TruncatedTail, FindsACharacterCutShortAtTheEnd) {
  EXPECT_EQ(truncated_tail("ab\xE4\xBD"), 2u);
  EXPECT_EQ(truncated_tail("ab\xE4"), 2u);
  EXPECT_EQ(truncated_tail("ab\xF0\x9F\x91"), 2u);
  EXPECT_EQ(truncated_tail("ab中"), 5u);
  EXPECT_EQ(truncated_tail("ab\xBD"), 3u);      // a continuation byte alone
  EXPECT_EQ(truncated_tail("ab\xFF"), 3u);      // never a lead byte
  EXPECT_EQ(truncated_tail("ab\xE0\x80"), 4u);  // overlong: not the beginning of any character
  EXPECT_EQ(truncated_tail(""), 0u);
}

}  // namespace
}  // namespace ftok
