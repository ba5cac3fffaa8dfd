#include "pipeline/fit.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "core/error.h"
#include "core/hash_seed.h"
#include "filters/fineweb.h"
#include "filters/gopher_quality.h"
#include "filters/gopher_repetition.h"
#include "filters/language_labels.h"
#include "pipeline/presets/fineweb2.h"
#include "text/unspaced.h"

namespace ftok {
namespace {

// Stop words: those that make up this share of all words; at least as many as Gopher's list has, at most as many as the
// longest lists that FineWeb-2 published.
constexpr double kStopWordShare = 0.006;
constexpr size_t kStopWordsMin = 8, kStopWordsMax = 22;
constexpr double kStopWordTexts = 0.05;  // of the texts have it, so that no one text brings its own

// The least probability of a language (FineWeb-2's rule): the median less a standard deviation, within these.
constexpr double kScoreMin = 0.3, kScoreMax = 0.9;

// Shares of the texts that the model takes for another language: from the first on that is told, above the second the
// texts are not in the language.
constexpr double kOthersTold = 0.05, kOthersMax = 0.5;

double rounded(double value) { return std::round(value * 1000) / 1000; }

// Thresholds of shares are rounded so that they drop no more; the thousandth of a thousandth is for sums in floating
// point.
double share_at_least(double value) { return std::floor(std::clamp(value, 0.0, 1.0) * 1000 + 1e-6) / 1000; }
double share_at_most(double value) { return std::ceil(std::clamp(value, 0.0, 1.0) * 1000 - 1e-6) / 1000; }

bool has_letter(std::string_view word) {
  for (size_t at = 0; at < word.size();) {
    const Utf8Char c = decode_utf8(word, at);
    if (is_letter(category_of(c.code_point))) return true;
    at += c.size;
  }
  return false;
}

// Whether most letters are of scripts without spaces.
bool is_unspaced(const std::vector<std::string>& texts) {
  uint64_t letters = 0, unspaced = 0;
  for (const std::string& text : texts) {
    for (size_t at = 0; at < text.size();) {
      const Utf8Char c = decode_utf8(text, at);
      at += c.size;
      if (is_unspaced_letter(c.code_point)) ++unspaced, ++letters;
      else if (is_letter(category_of(c.code_point))) ++letters;
    }
  }
  return unspaced * 2 > letters;
}

Distribution distribution_of(std::vector<double> values) {
  Distribution all;
  std::sort(values.begin(), values.end());
  for (const double value : values) all.mean += value;
  all.mean /= static_cast<double>(values.size());
  for (const double value : values) all.deviation += (value - all.mean) * (value - all.mean);
  all.deviation = std::sqrt(all.deviation / static_cast<double>(values.size()));
  all.values = std::move(values);
  return all;
}

// What the model says of texts that should be in one language.
struct JudgedTexts {
  std::vector<double> scores;  // of the language, of texts that hold anything the model knows
  uint64_t others = 0;         // of these, taken for another language
  std::map<std::string, uint64_t> by_label;
};

JudgedTexts judge_texts(const std::vector<std::string>& texts, const std::string& label, const LanguageModel& model) {
  std::vector<uint32_t> labels;
  for (uint32_t i = 0; i < model.labels().size(); ++i) {
    if (is_same_language(model.labels()[i], label)) labels.push_back(i);
  }
  if (labels.empty()) throw UsageError(fmt::format("--language: the model has no label for '{}'", label));
  JudgedTexts judged;
  std::vector<float> probabilities;
  for (const std::string& text : texts) {
    if (!model.score(text, probabilities)) continue;
    double own = 0;
    for (const uint32_t each : labels) own = std::max(own, static_cast<double>(probabilities[each]));
    judged.scores.push_back(std::min(own, 1.0));
    const auto best = std::max_element(probabilities.begin(), probabilities.end());
    if (static_cast<double>(*best) <= own) continue;
    ++judged.others;
    ++judged.by_label[model.labels()[static_cast<size_t>(best - probabilities.begin())]];
  }
  return judged;
}

double least_score(std::vector<double> scores) {
  if (scores.empty()) return kScoreMin;
  const Distribution all = distribution_of(std::move(scores));
  return rounded(std::clamp(all.quantile(0.5) - all.deviation, kScoreMin, kScoreMax));
}

// What the texts that are of another language come to; empty for too few to be told. Throws UsageError for too many.
std::string note_on_others(const JudgedTexts& judged, const std::string& label) {
  const double all = static_cast<double>(judged.scores.size()), others = static_cast<double>(judged.others);
  if (judged.others == 0 || others < kOthersTold * all) return {};
  const auto first = std::max_element(judged.by_label.begin(), judged.by_label.end(),
                                      [](const auto& a, const auto& b) { return a.second < b.second; });
  const std::string what =
      fmt::format("the language model takes {} of {} texts for another language than '{}', most often '{}' ({})",
                  judged.others, judged.scores.size(), label, first->first, first->second);
  if (others > kOthersMax * all) throw UsageError("--language: " + what);
  return what + "; stop words and thresholds are of all of them";
}

// No fitted share is stricter than that of any language that FineWeb-2 published: a few short texts hold no line
// without a full stop and nothing twice, which says nothing of pages.
LanguageData strictest() {
  LanguageData all;
  all.top_ngrams.fill(1), all.duplicate_ngrams.fill(1);
  all.newlines_per_word = 1, all.punctuated_lines = all.alphabetic_words = 0;
  for (const FineWeb2Language& language : fineweb2_languages()) {
    const LanguageData& data = language.data;
    for (size_t i = 0; i < all.top_ngrams.size(); ++i)
      all.top_ngrams[i] = std::min(all.top_ngrams[i], data.top_ngrams[i]);
    for (size_t i = 0; i < all.duplicate_ngrams.size(); ++i)
      all.duplicate_ngrams[i] = std::min(all.duplicate_ngrams[i], data.duplicate_ngrams[i]);
    all.newlines_per_word = std::min(all.newlines_per_word, data.newlines_per_word);
    all.punctuated_lines = std::max(all.punctuated_lines, data.punctuated_lines);
    all.alphabetic_words = std::max(all.alphabetic_words, data.alphabetic_words);
  }
  return all;
}

}  // namespace

double Distribution::quantile(double share) const {
  if (values.empty()) return 0;
  const auto place = static_cast<size_t>(share * static_cast<double>(values.size() - 1));
  return values[std::min(place, values.size() - 1)];
}

// Measured on the 1,000 documents of C4 of the test data, with FineWeb's English thresholds (`ftok recipe fit
// --distances`). C4 has no line twice, so that it says nothing of duplicate lines.
const std::vector<EnglishDistance>& english_distances() {
  static const std::vector<EnglishDistance> all = {
      {"gopher_repetition.top_2gram", 0.2, 4.77},        {"gopher_repetition.top_3gram", 0.18, 3.3},
      {"gopher_repetition.top_4gram", 0.16, 2.26},       {"gopher_repetition.duplicate_5gram", 0.15, 2.16},
      {"gopher_repetition.duplicate_6gram", 0.14, 2.24}, {"gopher_repetition.duplicate_7gram", 0.13, 2.36},
      {"gopher_repetition.duplicate_8gram", 0.12, 2.25}, {"gopher_repetition.duplicate_9gram", 0.11, 2.16},
      {"gopher_repetition.duplicate_10gram", 0.1, 2.03}, {"gopher_quality.short_words", 3, -1.58},
      {"gopher_quality.long_words", 10, 4.54},           {"gopher_quality.few_alphabetic_words", 0.8, -0.9},
  };
  return all;
}

bool LanguageFit::add(std::string text) {
  if (bytes_ + text.size() > kBytesMax) return false;
  bytes_ += text.size();
  texts_.push_back(std::move(text));
  return true;
}

void LanguageFit::measure(const std::string& unspaced) {
  GopherRepetitionOptions repetition = GopherRepetitionOptions::head();
  GopherQualityOptions quality = GopherQualityOptions::head();
  FineWebOptions fineweb = FineWebOptions::head();
  repetition.unspaced = quality.unspaced = fineweb.unspaced = unspaced;
  const GopherRepetition first(repetition);
  const FineWeb second(fineweb);
  const GopherQuality third(quality);
  std::map<std::string, std::vector<double>> values;
  for (const std::string& text : texts_) {
    Document document;
    document.text = text;
    Report report;
    for (const Stage* stage : std::initializer_list<const Stage*>{&first, &second, &third})
      stage->process(document, &report);
    for (const Measurement& m : report.measurements) values[std::string(m.rule.view())].push_back(m.value);
  }
  distributions_.clear();
  for (auto& [rule, all] : values) distributions_[rule] = distribution_of(std::move(all));
}

std::vector<std::string> LanguageFit::find_stop_words(const std::string& unspaced) {
  const UnspacedWords how = unspaced_words_of("unspaced", unspaced);
  struct Count {
    uint64_t words = 0, texts = 0;
    const std::string* last = nullptr;
  };
  std::unordered_map<std::string, Count, SeededHash, std::equal_to<>> counts;
  words_ = 0;
  for (const std::string& text : texts_) {
    for (const std::string_view word : words_of(text, WordRules::kSpacy, how)) {
      ++words_;
      if (!has_letter(word)) continue;
      auto found = counts.find(word);
      if (found == counts.end()) found = counts.emplace(word, Count()).first;
      Count& count = found->second;
      ++count.words;
      if (count.last != &text) ++count.texts, count.last = &text;
    }
  }
  std::vector<std::pair<std::string, uint64_t>> sorted;
  for (const auto& [word, count] : counts) {
    if (static_cast<double>(count.texts) >= kStopWordTexts * static_cast<double>(texts_.size()))
      sorted.emplace_back(word, count.words);
  }
  std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  });
  std::vector<std::string> words;
  for (const auto& [word, count] : sorted) {
    const bool is_frequent = static_cast<double>(count) >= kStopWordShare * static_cast<double>(words_);
    if (words.size() >= kStopWordsMax || (words.size() >= kStopWordsMin && !is_frequent)) break;
    words.push_back(word);
  }
  return words;
}

// The value as far from these texts' mean, in standard deviations, as the English threshold is from that of English.
double LanguageFit::shifted(std::string_view rule) const {
  for (const EnglishDistance& english : english_distances()) {
    if (english.rule != rule) continue;
    const auto found = distributions_.find(std::string(rule));
    if (found == distributions_.end()) return english.threshold;
    return found->second.mean + english.deviations * found->second.deviation;
  }
  return 0;
}

LanguageData LanguageFit::fit(const std::string& label, double tail, const LanguageModel* model) {
  if (texts_.size() < kDocumentsMin) {
    throw UsageError(fmt::format("recipe fit: got {} texts, expected at least {}: thresholds are shares of them",
                                 texts_.size(), kDocumentsMin));
  }
  LanguageData data;
  data.label = label;
  data.unspaced = is_unspaced(texts_) ? "segments" : "as-rules";
  measure(data.unspaced);
  data.stop_words = find_stop_words(data.unspaced);
  notes_.clear();
  if (model != nullptr) {
    JudgedTexts judged = judge_texts(texts_, label, *model);
    if (std::string note = note_on_others(judged, label); !note.empty()) notes_.push_back(std::move(note));
    data.language_score = least_score(std::move(judged.scores));
  }
  for (size_t i = 0; i < data.top_ngrams.size(); ++i)
    data.top_ngrams[i] = share_at_most(shifted(fmt::format("gopher_repetition.top_{}gram", i + 2)));
  for (size_t i = 0; i < data.duplicate_ngrams.size(); ++i)
    data.duplicate_ngrams[i] = share_at_most(shifted(fmt::format("gopher_repetition.duplicate_{}gram", i + 5)));
  data.word_chars_min = std::max(0.0, std::floor(shifted("gopher_quality.short_words")));
  data.word_chars_max = std::ceil(shifted("gopher_quality.long_words"));
  data.alphabetic_words = share_at_least(shifted("gopher_quality.few_alphabetic_words"));
  data.punctuated_lines = share_at_least(distributions_["fineweb.few_punctuated_lines"].quantile(tail));
  data.newlines_per_word = std::ceil(distributions_["fineweb.list"].quantile(1 - tail) * 1000 - 1e-6) / 1000;
  bound(data);
  return data;
}

void LanguageFit::bound(LanguageData& data) {
  std::string bounded;
  const auto use = [&](const std::string& key, double& value, double bound, bool is_most) {
    if (is_most ? value <= bound : value >= bound) return;
    bounded += fmt::format("{}{} = {} (the texts: {})", bounded.empty() ? "" : ", ", key, bound, value + 0.0);  // no -0
    value = bound;
  };
  const LanguageData most = strictest();
  for (size_t i = 0; i < data.top_ngrams.size(); ++i)
    use(fmt::format("top_{}gram_chars_max", i + 2), data.top_ngrams[i], most.top_ngrams[i], false);
  for (size_t i = 0; i < data.duplicate_ngrams.size(); ++i)
    use(fmt::format("duplicate_{}gram_chars_max", i + 5), data.duplicate_ngrams[i], most.duplicate_ngrams[i], false);
  use("punctuated_lines_min", data.punctuated_lines, most.punctuated_lines, true);
  use("newlines_per_word_max", data.newlines_per_word, most.newlines_per_word, false);
  use("alphabetic_words_min", data.alphabetic_words, most.alphabetic_words, true);
  if (bounded.empty()) return;
  notes_.push_back(
      "bounded by the strictest that FineWeb-2 publishes for a language, beyond which such texts say nothing of "
      "pages: " +
      bounded);
}

std::string fitted_recipe(const LanguageData& language, const LanguageFit& fit, double tail) {
  std::string notes;
  for (const std::string& note : fit.notes()) notes += "# " + note + "\n";
  return fmt::format(
      "# Made by `ftok recipe fit` of {} texts with {} words; a tail of {} (docs/recipes.md).\n{}preset = "
      "\"fineweb-2\"\n\n{}",
      fit.documents(), fit.words(), tail, notes, language_keys(language));
}

}  // namespace ftok
