#include "tokenizer/pretoken_counts.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <thread>

#include "core/error.h"
#include "tests/support/test_data.h"
#include "tokenizer/corpus_counter.h"
#include "tokenizer/counts_file.h"
#include "tokenizer/pretokenize.h"

namespace ftok {
namespace {

using Counts = std::map<std::string, uint64_t>;

// By a map, a pretoken at a time.
Counts slow_counts(const std::vector<std::string>& texts, Pattern pattern, uint64_t weight = 1) {
  Counts counts;
  for (const std::string& text : texts) {
    for (size_t begin = 0; begin < text.size();) {
      const size_t end = pretoken_end(pattern, text, begin);
      counts[text.substr(begin, end - begin)] += weight;
      begin = end;
    }
  }
  return counts;
}

Counts as_map(const PretokenCounts& counts) {
  Counts all;
  counts.for_each([&](std::string_view pretoken, uint64_t count) { all[std::string(pretoken)] += count; });
  return all;
}

Counts as_map(CorpusCounter& counter, bool sorted) {
  Counts all;
  counter.visit([&](std::string_view pretoken, uint64_t count) { EXPECT_TRUE(all.emplace(pretoken, count).second); },
                sorted);
  return all;
}

std::vector<std::string> random_texts(size_t count, size_t pieces_max) {
  // clang-format off
  static const std::vector<std::string> pieces = {
      " the", "word", " ", "\n", "don't", " 12345", "é", "中文字", "\xff", "a_very_long_identifier_of_many_bytes", "!",
      "\t\t",
      std::string("\0x", 2), "aaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaa", "supercalifragilisticexpialidocious"};
  // clang-format on
  std::mt19937 random(7);
  std::vector<std::string> texts;
  for (size_t i = 0; i < count; ++i) {
    std::string text;
    for (size_t n = random() % pieces_max; n > 0; --n)
      text += pieces[random() % pieces.size()] + (random() % 3 ? "" : " x");
    if (random() % 4 == 0) text += " " + std::to_string(random());
    texts.push_back(text);
  }
  return texts;
}

TEST(PretokenCounts, CountsAsASlowMapDoes) {
  const std::vector<std::string> texts = random_texts(300, 400);
  for (const Pattern pattern : {Pattern::kGpt2, Pattern::kCl100k, Pattern::kO200k, Pattern::kQwen2}) {
    PretokenCounts counts;
    for (const std::string& text : texts) counts.add_text(text, pattern, 3);
    const Counts expected = slow_counts(texts, pattern, 3);
    EXPECT_EQ(as_map(counts), expected);
    EXPECT_EQ(counts.size(), expected.size());
    uint64_t total = 0, bytes = 0;
    for (const auto& [pretoken, count] : expected) {
      total += count;
      bytes += count * pretoken.size();
      EXPECT_EQ(counts.count(pretoken), count);
    }
    EXPECT_EQ(counts.total(), total);
    EXPECT_EQ(counts.total_bytes(), bytes);
    EXPECT_EQ(counts.count("not there"), 0u);
  }
}

TEST(PretokenCounts, GrowsAndSorts) {
  PretokenCounts counts, other;
  Counts expected;
  for (int i = 0; i < 100'000; ++i) {
    const std::string pretoken = std::to_string(i * 7919 % 60'000) + (i % 5 ? "" : "_and_a_tail_of_bytes");
    (i % 2 ? counts : other).add(pretoken, 2);
    expected[pretoken] += 2;
  }
  counts.merge(other);
  EXPECT_EQ(as_map(counts), expected);
  EXPECT_GE(counts.memory_bytes_max(1), counts.memory_bytes());
  const SortedPretokens sorted(std::move(counts));
  ASSERT_EQ(sorted.size(), expected.size());
  size_t i = 0;
  for (const auto& [pretoken, count] : expected) {
    ASSERT_EQ(sorted[i].pretoken, pretoken);
    ASSERT_EQ(sorted[i++].count, count);
  }
}

TEST(PretokenCounts, RefusesToOverflow) {
  PretokenCounts counts;
  counts.add("ab", uint64_t{1} << 61);
  EXPECT_THROW(counts.add("ab", uint64_t{1} << 61), Error);
  EXPECT_THROW(counts.add_text("ab", Pattern::kGpt2, uint64_t{1} << 62), Error);
}

std::vector<std::string> cut(const std::string& expression, const std::string& text) {
  std::vector<uint32_t> cuts(128);
  const PretokenPattern pattern = PretokenPattern::parse(expression);
  std::vector<std::string> pieces;
  for (size_t at = 0; at < text.size();) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
    const size_t n = pattern.find_cuts(bytes + at, bytes + text.size(), cuts.data(), cuts.size());
    size_t from = at;
    for (size_t i = 0; i < n; ++i) {
      pieces.push_back(text.substr(from, at + cuts[i] - from));
      from = at + cuts[i];
    }
    at = from;
  }
  return pieces;
}

TEST(PretokenPattern, TakesAnExpressionOfTheUsers) {
  EXPECT_EQ(cut(R"(\p{L}+|\d)", "ab, é12"), (std::vector<std::string>{"ab", ", ", "é", "1", "2"}));
  EXPECT_EQ(cut("x*", "axxb"), (std::vector<std::string>{"a", "xx", "b"}));           // empty matches cut nothing
  EXPECT_EQ(cut("^a|ba", "aabaa"), (std::vector<std::string>{"a", "a", "ba", "a"}));  // ^ is where a pretoken begins
  EXPECT_EQ(cut("x*", "bbb"), (std::vector<std::string>{"bbb"}));
  EXPECT_EQ(cut(R"(\w+)", "a\xff b"), (std::vector<std::string>{"a", "\xff ", "b"}));  // no byte is lost
  const std::string long_text(1000, 'a');
  EXPECT_EQ(cut("(a)", long_text).size(), 1000u);
}

TEST(PretokenPattern, KnowsTheKnownOnes) {
  EXPECT_EQ(PretokenPattern::parse("o200k").own(), nullptr);
  EXPECT_EQ(PretokenPattern::parse(std::string(pattern_text(Pattern::kLlama3))).name(), "llama3");
  EXPECT_EQ(PretokenPattern::parse("[a-z]+").pattern(), Pattern::kOwn);
  EXPECT_EQ(PretokenPattern::parse("[a-z]+").text(), "[a-z]+");
}

TEST(PretokenPattern, RefusesWhatRe2Cannot) {
  for (const auto& [expression, why] : std::map<std::string, std::string>{
           {R"(\s+(?!\S))", "pattern \\s+(?!\\S): RE2 cannot take it: invalid perl operator: (?!"},
           {"a++", "pattern a++: RE2 cannot take it: bad repetition operator: ++"},
           {"gpt5",
            "pattern gpt5: expected one of gpt2, gpt2-original, cl100k, llama3, qwen2, o200k, smollm, tekken, or a "
            "regular "
            "expression"}}) {
    try {
      PretokenPattern::parse(expression);
      FAIL() << expression;
    } catch (const UsageError& error) {
      EXPECT_EQ(error.what(), why);
    }
  }
}

std::string counts_file(const Counts& counts, const PretokenPattern& pattern = Pattern::kCl100k) {
  std::string bytes;
  CountsWriter writer(CountsHeader::of(pattern), [&](std::string_view piece) { bytes += piece; });
  for (const auto& [pretoken, count] : counts) writer.add(pretoken, count);
  writer.finish();
  return bytes;
}

Counts read_counts(const std::string& bytes, size_t read_max = 0) {
  CountsReader reader(make_memory_source(bytes, "x.counts", read_max));
  Counts counts;
  CountedPretoken entry;
  while (reader.next(entry)) EXPECT_TRUE(counts.emplace(entry.pretoken, entry.count).second);
  return counts;
}

const Counts kSome = {{"a", 1},   {"ab", uint64_t{1} << 40}, {"abc", 300}, {std::string(300'000, 'b'), 2}, {"z\0z", 7},
                      {"\xff", 1}};

TEST(CountsFile, RoundTrip) {
  EXPECT_EQ(read_counts(counts_file({})), Counts{});
  const std::string bytes = counts_file(kSome);
  EXPECT_EQ(read_counts(bytes), kSome);
  EXPECT_EQ(read_counts(bytes, 1), kSome);
  const CountsReader reader(make_memory_source(counts_file({}, PretokenPattern::parse("[a-z]+"))));
  EXPECT_EQ(reader.header(), (CountsHeader{"own", "[a-z]+", "16.0.0"}));
}

TEST(CountsFile, EveryDamageIsAnError) {
  const std::string bytes = counts_file({{"a", 1}, {"ab", 5}, {"b", 900}});
  for (size_t size = 0; size < bytes.size(); ++size) EXPECT_THROW(read_counts(bytes.substr(0, size)), Error) << size;
  for (size_t at = 0; at < bytes.size(); ++at) {
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x11);
    EXPECT_THROW(read_counts(damaged), Error) << at;
  }
  EXPECT_THROW(read_counts(bytes + "x"), Error);
}

std::string why_not(const std::string& bytes) {
  try {
    read_counts(bytes);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(CountsFile, SaysWhatIsWrong) {
  EXPECT_EQ(why_not("hello"), "x.counts: not a file of pretoken counts");
  const std::string empty = counts_file({});
  const std::string head = empty.substr(0, empty.size() - 26);
  const auto at = [&](size_t more) { return "x.counts: offset " + std::to_string(head.size() + more) + ": "; };
  EXPECT_EQ(why_not(head), at(0) + "cut short");
  EXPECT_EQ(why_not(head + std::string("\1\1a\1", 4)), at(2) + "not an entry");
  EXPECT_EQ(why_not(head + std::string("\0\1b\1\0\1a\1", 8)), at(7) + "the pretokens are not in order");
  EXPECT_EQ(why_not(head + std::string("\0\1b\1\0\1b\1", 8)), at(7) + "the pretokens are not in order");
  EXPECT_EQ(why_not(head + std::string("\0\1b\0", 4)), at(4) + "a count of 0");
  EXPECT_EQ(why_not(head + std::string("\0\1b", 3) + std::string(9, '\xff') + "\1"), at(13) + "the counts exceed 2^63");
  EXPECT_EQ(why_not(head + std::string("\0\1b", 3) + std::string(10, '\xff')),
            at(13) + "a number of more than 64 bits");
}

TEST(CountsFile, AddsUpWithWeights) {
  CountsReader first(make_memory_source(counts_file({{"a", 1}, {"b", 2}, {"d", 4}})));
  CountsReader second(make_memory_source(counts_file({{"b", 10}, {"c", 20}})));
  Counts sums;
  merge_counts({&first, &second}, {3, 1},
               [&](std::string_view pretoken, uint64_t count) { sums.emplace(pretoken, count); });
  EXPECT_EQ(sums, (Counts{{"a", 3}, {"b", 16}, {"c", 20}, {"d", 12}}));
  CountsReader large(make_memory_source(counts_file({{"a", uint64_t{1} << 62}})));
  EXPECT_THROW(merge_counts({&large}, {2}, [](std::string_view, uint64_t) {}), Error);
}

// All at once or spilled again and again, by one thread or several: the same counts.
TEST(CorpusCounter, CountsTheSameHoweverItIsDone) {
  const std::vector<std::string> texts = random_texts(600, 100);
  const Counts expected = slow_counts(texts, Pattern::kCl100k);
  const testing::TemporaryFolder folder;
  for (const size_t threads : {1, 3}) {
    for (const size_t texts_a_run : {1000, 100, 3}) {
      CorpusCounter counter(Pattern::kCl100k, {.folder = folder.path().string(), .keeps_runs = texts_a_run == 100});
      for (size_t first = 0; first < texts.size(); first += texts_a_run) {
        const size_t last = std::min(texts.size(), first + texts_a_run);
        std::vector<std::jthread> workers;
        for (size_t t = 0; t < threads; ++t) {
          workers.emplace_back([&, t] {
            for (size_t i = first + t; i < last; i += threads) counter.add_text(texts[i]);
          });
        }
        workers.clear();
        if (last < texts.size()) counter.spill();
      }
      EXPECT_EQ(counter.has_runs(), texts_a_run != 1000);
      EXPECT_EQ(as_map(counter, false), expected);
      EXPECT_EQ(as_map(counter, true), expected);
      if (texts_a_run != 100) continue;
      counter.spill();
      CorpusCounter next(Pattern::kCl100k, {.folder = folder.path().string(), .keeps_runs = true});
      next.take_up(counter.run_names());
      EXPECT_EQ(as_map(next, true), expected);
    }
  }
}

TEST(CorpusCounter, IsFullBeforeItsMemoryIs) {
  const testing::TemporaryFolder folder;
  constexpr uint64_t kMemory = 192 << 20;
  CorpusCounter counter(Pattern::kGpt2, {.memory_bytes = kMemory, .folder = folder.path().string()});
  uint64_t number = 0;
  size_t spills = 0;
  for (int i = 0; i < 60; ++i) {
    std::string text;
    while (text.size() < 1 << 20) text += " " + std::to_string(number++ * 1'000'003);
    counter.add_text(text);
    EXPECT_LE(counter.memory_bytes(), kMemory);
    if (!counter.is_full()) continue;
    counter.spill();
    EXPECT_EQ(counter.memory_bytes(), 0u);
    EXPECT_FALSE(counter.is_full());
    ++spills;
  }
  EXPECT_GE(spills, 1u);
  uint64_t distinct = 0;
  counter.visit([&](std::string_view, uint64_t) { ++distinct; }, false);
  EXPECT_EQ(distinct, number);
}

TEST(CorpusCounter, NamesTheFolderItCannotWriteTo) {
  CorpusCounter counter(Pattern::kGpt2, {.folder = "/no/such/folder"});
  counter.add_text("hello world");
  EXPECT_THROW(counter.spill(), Error);
}

}  // namespace
}  // namespace ftok
