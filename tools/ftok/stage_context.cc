#include "tools/ftok/stage_context.h"

#include "core/error.h"
#include "crawl/object_rows.h"
#include "tools/ftok/bundled.h"
#include "tools/ftok/models.h"

namespace ftok::cli {
namespace {

FoundFile find_language_model(const std::string& named) {
  if (!named.empty()) return {find_model(named), ""};
  if (const std::string fetched = fetched_model("lid.176.bin"); !fetched.empty()) return {fetched, ""};
  const std::string bundled = bundled_file("models/ftok-lid.ftz");
  if (bundled.empty()) throw Error("no language model: give --language-model FILE");
  return {bundled,
          "language: the bundled model stands in for FineWeb's lid.176.bin (`ftok models get lid.176.bin` fetches it)"};
}

}  // namespace

StageContext stage_context(const std::string& flag) {
  StageContext context;
  context.language_model = [flag](const std::string& named) {
    return find_language_model(flag.empty() ? named : flag);
  };
  context.model = find_model;
  context.fetched_list = fetched_model;
  context.object_rows = for_each_object_row;
  return context;
}

}  // namespace ftok::cli
