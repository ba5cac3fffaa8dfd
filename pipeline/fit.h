// LanguageFit: what FineWeb-2's pipeline has to know of a language, derived from texts in it (Penedo et al., arXiv
// 2506.20920): its stop words are its most frequent words, and its thresholds follow from how the filters' values are
// distributed in good texts. Which rule is used for which key, docs/recipes.md says.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "filters/language_model.h"
#include "pipeline/language_data.h"

namespace ftok {

// How the values of one rule lie over the texts.
struct Distribution {
  double mean = 0, deviation = 0;  // of the population
  std::vector<double> values;      // ascending

  // The value that a share of the texts lies below, 0..1: the one at that place, rounded down.
  double quantile(double share) const;
};

// "gopher_quality.long_words" and the like: how many standard deviations the English threshold lies from the mean of
// English texts, above it or (negative) below it.
struct EnglishDistance {
  std::string_view rule;
  double threshold;
  double deviations;
};
const std::vector<EnglishDistance>& english_distances();

class LanguageFit {
 public:
  static constexpr uint64_t kBytesMax = uint64_t{1} << 30;  // of texts; more are not taken
  static constexpr size_t kDocumentsMin = 50;

  // Takes a text. False: there are kBytesMax already, and it was left out.
  bool add(std::string text);

  // The thresholds' tail (0..0.5): the share of the texts that each rule of FineWeb's own may drop. With a model, the
  // language's least probability too. Throws UsageError with fewer than kDocumentsMin texts, where the model has no
  // label for the language, and where it takes most texts for another language.
  LanguageData fit(const std::string& label, double tail, const LanguageModel* model);

  // After fit(): of each rule, by its reason.
  const std::map<std::string, Distribution>& distributions() const { return distributions_; }
  size_t documents() const { return texts_.size(); }
  uint64_t words() const { return words_; }
  // What is to be known of what was fitted: texts of other languages, thresholds that the texts would have too strict.
  const std::vector<std::string>& notes() const { return notes_; }

 private:
  void measure(const std::string& unspaced);
  std::vector<std::string> find_stop_words(const std::string& unspaced);
  double shifted(std::string_view rule) const;
  void bound(LanguageData& data);

  std::vector<std::string> texts_;
  uint64_t bytes_ = 0, words_ = 0;
  std::map<std::string, Distribution> distributions_;
  std::vector<std::string> notes_;
};

// The recipe that says so: TOML over the preset "fineweb-2", with a line on what it was made of.
std::string fitted_recipe(const LanguageData& language, const LanguageFit& fit, double tail);

}  // namespace ftok
