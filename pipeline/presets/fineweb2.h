// FineWeb-2's pipeline and its data of single languages: Penedo et al., "FineWeb2: One Pipeline to Scale Them All",
// arXiv 2506.20920; fineweb-2-pipeline.py and configs/LABEL.yml in huggingface/fineweb-2.
#pragma once

#include <string>
#include <vector>

#include "pipeline/language_data.h"

namespace ftok {

// A language whose published configuration ftok has.
struct FineWeb2Language {
  std::string name;  // in English
  LanguageData data;
};
std::vector<FineWeb2Language> fineweb2_languages();

// TOML: the stages in FineWeb-2's order, and the keys that are the same for all languages.
std::string fineweb2_pipeline();

// TOML: the keys of one language.
std::string language_keys(const LanguageData& language);

}  // namespace ftok
