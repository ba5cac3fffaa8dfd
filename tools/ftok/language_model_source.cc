#include "tools/ftok/language_model_source.h"

#include <algorithm>

#include "core/error.h"
#include "tools/ftok/bundled.h"
#include "tools/ftok/models.h"

namespace ftok::cli {

std::string find_language_model(const std::string& flag, const RecipeConfig& recipe, std::vector<std::string>& notes) {
  const std::vector<std::string>& stages = recipe.top.stages;
  if (std::find(stages.begin(), stages.end(), "language") == stages.end()) return "";
  const std::string& named = flag.empty() ? recipe.language.model : flag;
  if (!named.empty()) return find_model(named);
  if (const std::string fetched = fetched_model("lid.176.bin"); !fetched.empty()) return fetched;
  const std::string bundled = bundled_file("models/ftok-lid.ftz");
  if (bundled.empty()) throw Error("no language model: give --language-model FILE");
  notes.push_back(
      "language: the bundled model stands in for FineWeb's lid.176.bin (`ftok models get lid.176.bin` fetches it)");
  return bundled;
}

}  // namespace ftok::cli
