// Recipes: any bytes are either read or refused with a UsageError, and what was read writes back to the same recipe.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/error.h"
#include "core/recipe.h"

namespace {

struct AllTypes {
  bool truth = true;
  int64_t count = 1, size_bytes = 1;
  double share = 0.5;
  std::string name = "a", mode = "one";
  std::vector<std::string> lists;
  std::map<std::string, double> weights;

  void visit(ftok::OptionVisitor& visitor) {
    visitor.field("truth", truth, "");
    visitor.field("count", count, "");
    visitor.field("size_bytes", size_bytes, "");
    visitor.field("share", share, "");
    visitor.field("name", name, "");
    visitor.choice("mode", mode, {"one", "two"}, "");
    visitor.field("lists", lists, "");
    visitor.field("weights", weights, "");
  }
};

std::string written(AllTypes options) {
  ftok::RecipeWriter writer(false);
  writer.section("s", options);
  return writer.text();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  AllTypes options;
  try {
    ftok::RecipeReader reader(text, "fuzz");
    reader.section("s", options);
    reader.finish();
  } catch (const ftok::UsageError&) {
    return 0;
  }
  const std::string first = written(options);
  AllTypes again;
  ftok::RecipeReader reader(first, "written");
  reader.section("s", again);
  reader.finish();
  if (written(again) != first) std::abort();
  return 0;
}
