// Any bytes as a fastText model: refused, or usable on any text. Links ftok::filters.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "filters/language_model.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto model = ftok::LanguageModel::parse(bytes);
  if (!model.ok()) {
    if (model.damage().code.empty() || model.damage().offset > size) std::abort();
    return 0;
  }
  std::vector<float> probabilities;
  for (const std::string_view text :
       {std::string_view("a few words </s> end"), bytes.substr(0, 4096), std::string_view()}) {
    if ((*model)->score(text, probabilities) && probabilities.size() != (*model)->labels().size()) std::abort();
    if ((*model)->best(text, 3).size() > 3) std::abort();
  }
  return 0;
}
