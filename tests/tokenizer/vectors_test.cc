// The published vectors and known answers: exact ids for r50k, p50k, cl100k and o200k.
#include <gtest/gtest.h>

#include "core/file.h"
#include "tests/support/test_data.h"
#include "tokenizer/encoding.h"

namespace ftok {
namespace {

using testing::test_data_folder;

std::string data_path(const std::string& name) { return (test_data_folder() / "tokenizer" / name).string(); }

// A row of RFC 4180 CSV.
using Row = std::vector<std::string>;

std::vector<Row> parse_csv(const std::string& text) {
  std::vector<Row> rows(1, Row(1));
  bool quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted && c == '"' && i + 1 < text.size() && text[i + 1] == '"') {
      rows.back().back().push_back(c);
      ++i;
    } else if (c == '"') {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      rows.back().emplace_back();
    } else if (c == '\n' && !quoted) {
      rows.emplace_back(1);
    } else if (c != '\r' || quoted) {
      rows.back().back().push_back(c);
    }
  }
  if (rows.back().size() == 1) rows.pop_back();
  return rows;
}

std::vector<uint32_t> parse_ids(const std::string& list) {
  std::vector<uint32_t> ids;
  for (size_t i = 0; i < list.size();) {
    if (list[i] < '0' || list[i] > '9') {
      ++i;
      continue;
    }
    size_t end = 0;
    ids.push_back(static_cast<uint32_t>(std::stoul(list.substr(i), &end)));
    i += end;
  }
  return ids;
}

size_t check_vectors(const std::string& name) {
  const Encoding encoding = Encoding::load(data_path(name + ".tiktoken"));
  EXPECT_EQ(encoding.name(), name);
  std::vector<Row> rows = parse_csv(read_file(data_path("vectors/jtokkit_" + name + ".csv")));
  rows.erase(rows.begin());
  for (const Row& row : rows) {
    EXPECT_EQ(encoding.encode_ordinary(row.at(0)), parse_ids(row.at(1))) << name << ": " << row[0];
    EXPECT_EQ(encoding.decode(parse_ids(row.at(1))), row.at(0));
  }
  return rows.size();
}

TEST(Vectors, AllRowsOfAllFourVocabularies) {
  FTOK_NEEDS_TEST_DATA("tokenizer/vectors");
  size_t rows = 0;
  for (const char* name : {"r50k_base", "p50k_base", "cl100k_base", "o200k_base"}) rows += check_vectors(name);
  EXPECT_EQ(rows, 1690u);
}

using Ids = std::vector<uint32_t>;

TEST(KnownAnswers, Cl100k) {
  FTOK_NEEDS_TEST_DATA("tokenizer/cl100k_base.tiktoken");
  const Encoding e = Encoding::load(data_path("cl100k_base.tiktoken"));
  EXPECT_EQ(e.n_vocab(), 100277u);
  EXPECT_EQ(e.end_of_text(), 100257u);
  EXPECT_EQ(e.encode_ordinary("hello world"), (Ids{15339, 1917}));
  EXPECT_EQ(e.encode("hello <|endoftext|>", Specials::kAllow), (Ids{15339, 220, 100257}));
  EXPECT_EQ(e.encode_ordinary("rer"), (Ids{38149}));
  EXPECT_EQ(e.encode_ordinary("'rer"), (Ids{2351, 81}));
  EXPECT_EQ(e.encode_ordinary("today\n "), (Ids{31213, 198, 220}));
  EXPECT_EQ(e.encode_ordinary("today\n \n"), (Ids{31213, 27907}));
  EXPECT_EQ(e.encode_ordinary("today\n  \n"), (Ids{31213, 14211}));
  EXPECT_EQ(e.encode_ordinary(" \xC2\x85"
                              "0"),
            (Ids{220, 126, 227, 15}));
  EXPECT_EQ(e.encode_ordinary("👍"), (Ids{9468, 239, 235}));
  EXPECT_EQ(e.encode_ordinary("\x20\xEC\x8B\xA4\xED"), (Ids{62085}));
  EXPECT_EQ(e.encode_ordinary("This is a test         with a lot of spaces"),
            (Ids{2028, 374, 264, 1296, 260, 449, 264, 2763, 315, 12908}));
  EXPECT_TRUE(e.encode_ordinary("").empty());
}

TEST(KnownAnswers, Gpt2InAllItsForms) {
  FTOK_NEEDS_TEST_DATA("tokenizer/r50k_base.tiktoken");
  for (const char* file : {"r50k_base.tiktoken", "vocab.bpe", "encoder.json", "gpt2_tokenizer.json"}) {
    const Encoding e = Encoding::load(data_path(file));
    EXPECT_EQ(e.n_vocab(), 50257u) << file;
    EXPECT_EQ(e.end_of_text(), 50256u) << file;
    EXPECT_EQ(e.encode_ordinary("hello world"), (Ids{31373, 995})) << file;
    EXPECT_EQ(e.encode("hello <|endoftext|>", Specials::kAllow), (Ids{31373, 220, 50256})) << file;
    EXPECT_EQ(e.encode_ordinary("00000000000000000"), (Ids{8269, 10535, 830})) << file;
    EXPECT_EQ(e.digest(), "306cd27f03c1a714eca7108e03d66b7dc042abe8c258b44c199a7ed9838dd930") << file;
  }
}

TEST(KnownAnswers, O200k) {
  FTOK_NEEDS_TEST_DATA("tokenizer/o200k_base.tiktoken");
  const Encoding e = Encoding::load(data_path("o200k_base.tiktoken"));
  EXPECT_EQ(e.n_vocab(), 200019u);
  EXPECT_EQ(e.encode_ordinary("This is a test         with a lot of spaces"),
            (Ids{2500, 382, 261, 1746, 269, 483, 261, 3261, 328, 18608}));
}

TEST(KnownAnswers, P50kHasItsSpecialInTheMiddle) {
  FTOK_NEEDS_TEST_DATA("tokenizer/p50k_base.tiktoken");
  const Encoding e = Encoding::load(data_path("p50k_base.tiktoken"));
  EXPECT_EQ(e.n_vocab(), 50281u);
  EXPECT_TRUE(e.is_special(50256));
  EXPECT_EQ(e.decode(Ids{50256}), "<|endoftext|>");
}

}  // namespace
}  // namespace ftok
