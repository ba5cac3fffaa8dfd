// Made by tools/make/make_prose_model.
#include "filters/measures/prose_weights.h"

namespace ftok {

std::span<const ProseMeasure> prose_measures() {
  static constexpr ProseMeasure kMeasures[] = {
      {"gopher_repetition.top_2gram", ProseScale::kRoot, 0, 1, 0.163268915, 0.0773945217, -0.425047311},
      {"gopher_repetition.top_4gram", ProseScale::kRoot, 0, 1, 0.178260529, 0.0981883442, -0.963592788},
      {"gopher_repetition.duplicate_lines", ProseScale::kRoot, 0, 1, 0.0253781516, 0.0868671171, -0.0162687892},
      {"gopher_repetition.duplicate_5gram", ProseScale::kRoot, 0, 1, 0.0734778412, 0.0896686882, 0.130736112},
      {"gopher_quality.too_short", ProseScale::kLog, 0, 100000, 5.49593353, 1.16148647, 0.814931941},
      {"gopher_quality.short_words", ProseScale::kPlain, 2, 9, 4.72967799, 0.487197971, 0.132223553},
      {"gopher_quality.few_alphabetic_words", ProseScale::kPlain, 0, 1, 0.828595306, 0.0673073022, 0.9230693},
      {"gopher_quality.few_stop_words", ProseScale::kPlain, 0, 8, 5.95373665, 2.04956256, 0.678074699},
      {"gopher_quality.ellipses", ProseScale::kRoot, 0, 1, 0.0196480692, 0.0410059933, -0.491884219},
      {"c4.too_few_sentences", ProseScale::kLog, 0, 10000, 2.92142569, 0.954652384, -0.424881026},
      {"fineweb.few_punctuated_lines", ProseScale::kPlain, 0, 1, 0.52720005, 0.316914809, 0.561872855},
      {"fineweb.short_lines", ProseScale::kPlain, 0, 1, 0.181738466, 0.221151113, 0.000590008151},
      {"fineweb.list", ProseScale::kPlain, 0, 0.5, 0.0374744001, 0.0330873015, -0.930045718},
  };
  return kMeasures;
}

ProseCombination prose_combination() { return {-0.281570156, 3.82088261, 0.869594564, -1.74078388}; }

}  // namespace ftok
