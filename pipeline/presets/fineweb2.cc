#include "pipeline/presets/fineweb2.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "core/json.h"

namespace ftok {
namespace {

// fineweb-2-pipeline.py. Deduplication of a whole language comes before the filters, and one page of each cluster
// stays; what is off there is a share that no text is above. C4's rules are left out.
constexpr char kPipeline[] = R"(
stages = [
  "http", "url", "extract", "language", "minhash", "dedup", "gopher_repetition", "fineweb", "gopher_quality", "pii",
]
[dedup]
scope = "run"
clusters = "one"
[fineweb]
short_lines_max = 1.0
duplicate_line_chars_max = 0.1
[gopher_repetition]
duplicate_paragraphs_max = 1.0
duplicate_paragraph_chars_max = 1.0
duplicate_line_chars_max = 1.0
)";

std::string in_quotes(std::string_view text) {
  std::string out;
  append_json_string(out, text);  // TOML's basic strings take JSON's escapes
  return out;
}

std::string number(double value) {
  std::string out;
  append_json_number(out, value);
  return out;
}

std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> all;
  while (!text.empty()) {
    const size_t end = std::min(text.find(' '), text.size());
    all.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return all;
}

}  // namespace

// configs/LABEL.yml. FineWeb-2 splits Chinese by jieba and Japanese by Sudachi, and the other languages by spaCy's
// tokenizers of theirs; here ICU's segments stand in for the first two, and spaCy's English one for the others.
std::vector<FineWeb2Language> fineweb2_languages() {
  // clang-format off
  return {
      {"Chinese",
       {"cmn_Hani", "segments", 0.692, 0.287, {0.256, 0.201, 0.171}, {0.198, 0.182, 0.167, 0.154, 0.14, 0.127},
        0.106, 0.178, 1, 5, 0.735,
        words("的 年 在 月 是 和 日 了 於 · 為 有 被 人 中 为 他 與 後 也 而 由")}},
      {"German",
       {"deu_Latn", "as-rules", 0.821, 0.263, {0.169, 0.153, 0.137}, {0.141, 0.134, 0.126, 0.117, 0.108, 0.098},
        0, 0.152, 0, 15, 0.774,
        words("der und die in von im den des mit das er dem als wurde für")}},
      {"French",
       {"fra_Latn", "as-rules", 0.824, 0.264, {0.161, 0.149, 0.134}, {0.15, 0.141, 0.131, 0.121, 0.111, 0.1},
        0.1, 0.185, 2, 11, 0.812,
        words("de la le et à en l' des du les est d' un une il dans par au")}},
      {"Japanese",
       {"jpn_Jpan", "segments", 0.886, 0.375, {0.121, 0.129, 0.145}, {0.307, 0.283, 0.264, 0.248, 0.234, 0.223},
        0.167, 0.162, 1, 5, 0.759,
        words("の に を は た て が と で 年 し ・ 月 れ さ")}},
      {"Russian",
       {"rus_Cyrl", "as-rules", 0.9, 0.322, {0.184, 0.164, 0.146}, {0.168, 0.156, 0.145, 0.133, 0.121, 0.109},
        0.231, 0.139, 3, 11, 0.713,
        words("в и на с года по году из был к не от что за для его как а он также до после")}},
      {"Spanish",
       {"spa_Latn", "as-rules", 0.84, 0.265, {0.077, 0.097, 0.112}, {0.152, 0.137, 0.123, 0.114, 0.107, 0.099},
        0.3, 0.171, 4, 14, 0.825,
        words("de la en el y a que del los se por un con una las su")}},
  };
  // clang-format on
}

std::string fineweb2_pipeline() { return kPipeline; }

std::string language_keys(const LanguageData& language) {
  std::string toml = fmt::format("[language]\nlanguages = {{{} = {}}}\n\n", in_quotes(language.label),
                                 number(language.language_score));
  const std::string unspaced = fmt::format("unspaced = {}\n", in_quotes(language.unspaced));
  toml += fmt::format("[minhash]\n{}\n[gopher_repetition]\n{}duplicate_lines_max = {}\n", unspaced, unspaced,
                      number(language.duplicate_lines));
  for (size_t i = 0; i < language.top_ngrams.size(); ++i)
    toml += fmt::format("top_{}gram_chars_max = {}\n", i + 2, number(language.top_ngrams[i]));
  for (size_t i = 0; i < language.duplicate_ngrams.size(); ++i)
    toml += fmt::format("duplicate_{}gram_chars_max = {}\n", i + 5, number(language.duplicate_ngrams[i]));
  toml += fmt::format("\n[fineweb]\n{}punctuated_lines_min = {}\nnewlines_per_word_max = {}\n", unspaced,
                      number(language.punctuated_lines), number(language.newlines_per_word));
  toml += fmt::format("\n[gopher_quality]\n{}mean_word_chars_min = {}\nmean_word_chars_max = {}\n", unspaced,
                      number(language.word_chars_min), number(language.word_chars_max));
  std::vector<std::string> stop_words;
  for (const std::string& word : language.stop_words) stop_words.push_back(in_quotes(word));
  return toml + fmt::format("alphabetic_words_min = {}\nstop_words = [{}]\n", number(language.alphabetic_words),
                            fmt::join(stop_words, ", "));
}

}  // namespace ftok
