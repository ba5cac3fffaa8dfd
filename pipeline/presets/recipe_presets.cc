#include "pipeline/presets/recipe_presets.h"

#include "pipeline/presets/fineweb2.h"

namespace ftok {
namespace {

// C4 as its code in TensorFlow Datasets makes it (text/c4_utils.py and c4.py, the configuration "en"): Raffel et al.,
// arXiv 1910.10683, section 2.2. docs/recipes.md lists what of it ftok does otherwise.
constexpr char kC4[] = R"(
stages = ["http", "extract", "language", "c4", "dedup"]
[language]
languages = {en = 0.99}          # section 2.2: langdetect, at least 0.99
[c4]
chars_max = 190000               # c4_utils.is_valid_length
drop_unpunctuated_lines = true   # section 2.2
line_words_min = 5               # c4_utils, min_words_per_line
sentences_min = 3                # c4_utils, min_num_sentences
bad_word_lists = ["ldnoobw"]     # section 2.2: the list of the configuration "en"
[dedup]
scope = "run"
url = "exact"                    # c4.py: one page of each URL
minhash = false
)";

// DCLM-Baseline: Li et al., arXiv 2406.11794, section 4 and appendix; the rules of
// baselines/baselines_configs/dclm_baseline_refinedweb.yaml and fasttext_filter.yaml in mlfoundations/dclm.
constexpr char kDclm[] = R"(
stages = [
  "http", "url", "extract", "language", "gopher_quality", "gopher_repetition", "refinedweb", "minhash", "dedup",
  "classifier",
]
[classifier]
model = "dclm-oh-eli5"           # fasttext_filter.yaml: trained on OpenHermes 2.5 and ELI5 against RefinedWeb's pages
label = "hq"
score_min = 0.018112             # fasttext_filter.yaml: the best tenth
[dedup]
scope = "run"
)";

std::vector<RecipePreset> make_presets() {
  std::vector<RecipePreset> all = {
      {"fineweb-2024-04",
       "FineWeb as the data set was released (NLTK-like words, rules of April 2024)",
       RuleSet::kReleased,
       {}},
      {"fineweb-datatrove-0.10",
       "FineWeb's pipeline as datatrove 0.10.1 has it (spaCy's words, strict comparisons)",
       RuleSet::kHead,
       {}},
      {"c4", "C4, the English configuration of its code", RuleSet::kReleased, {kC4}},
      {"dclm-baseline", "DCLM-Baseline: RefinedWeb's rules, then a fastText classifier", RuleSet::kHead, {kDclm}},
      {"fineweb-2",
       "FineWeb-2's pipeline with English thresholds, for `ftok recipe fit` to start from",
       RuleSet::kHead,
       {fineweb2_pipeline()}},
  };
  for (const FineWeb2Language& language : fineweb2_languages()) {
    all.push_back({"fineweb-2-" + language.data.label,
                   "FineWeb-2 for " + language.name + ", its published thresholds and stop words",
                   RuleSet::kHead,
                   {fineweb2_pipeline(), language_keys(language.data)}});
  }
  return all;
}

}  // namespace

const std::vector<RecipePreset>& presets() {
  static const std::vector<RecipePreset> all = make_presets();
  return all;
}

const RecipePreset* find_preset(std::string_view name) {
  for (const RecipePreset& preset : presets()) {
    if (preset.name == name) return &preset;
  }
  return nullptr;
}

std::vector<std::string> preset_names() {
  std::vector<std::string> names;
  for (const RecipePreset& preset : presets()) names.push_back(preset.name);
  return names;
}

}  // namespace ftok
