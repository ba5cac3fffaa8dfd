#include "tests/support/words_file.h"

#include <gtest/gtest.h>
#include <simdjson.h>

#include "text/nltk/nltk_tokenizer.h"
#include "text/sentences.h"
#include "text/words.h"

namespace ftok::testing {
namespace {

std::vector<std::string> strings(simdjson::dom::element row, const char* key) {
  std::vector<std::string> out;
  for (const simdjson::dom::element item : row[key].get_array()) out.emplace_back(std::string_view(item));
  return out;
}

// Around the first place where two lists differ.
std::string difference(const std::vector<std::string>& expected, const std::vector<std::string_view>& got) {
  size_t at = 0;
  while (at < expected.size() && at < got.size() && expected[at] == got[at]) ++at;
  std::string text = "at word " + std::to_string(at) + ": expected";
  for (size_t i = at; i < std::min(expected.size(), at + 4); ++i) text += " [" + expected[i] + "]";
  text += ", got";
  for (size_t i = at; i < std::min(got.size(), at + 4); ++i) text += " [" + std::string(got[i]) + "]";
  return text;
}

bool equal(const std::vector<std::string>& expected, const std::vector<std::string_view>& got) {
  return std::equal(expected.begin(), expected.end(), got.begin(), got.end());
}

}  // namespace

std::vector<WordsRow> read_words_file(const std::filesystem::path& path) {
  simdjson::dom::parser parser;
  simdjson::padded_string bytes = simdjson::padded_string::load(path.string());
  std::vector<WordsRow> rows;
  for (const simdjson::dom::element row : parser.parse_many(bytes, size_t{64} << 20)) {
    WordsRow& out = rows.emplace_back();
    out.text = std::string(std::string_view(row["text"]));
    out.spacy = strings(row, "spacy");
    out.nltk = strings(row, "nltk");
    for (const simdjson::dom::element end : row["ends"].get_array()) out.ends.push_back(uint64_t(end));
  }
  return rows;
}

bool expect_words(const WordsRow& row) {
  bool same = true;
  std::vector<std::string_view> got;
  split_words(row.text, WordRules::kSpacy, got);
  const auto check = [&](bool ok, const std::string& what) {
    same = same && ok;
    EXPECT_TRUE(ok) << what << "\nin: " << row.text.substr(0, 300);
  };
  check(equal(row.spacy, got), "spaCy " + difference(row.spacy, got));
  got.clear();
  nltk::tokenize_sentence(row.text, got);
  check(equal(row.nltk, got), "NLTK " + difference(row.nltk, got));

  split_sentences(row.text, WordRules::kSpacy, got);
  std::vector<size_t> ends;
  size_t chars = 0;
  for (const std::string_view sentence : got) ends.push_back(chars += utf8_length(sentence));
  if (!ends.empty() && !row.ends.empty()) ends.back() = row.ends.back();  // ftok's last one goes to the end of the text
  if (row.ends.empty()) ends.clear();                                     // and empty text is one sentence
  check(ends == row.ends, "sentences");
  return same;
}

}  // namespace ftok::testing
