#include "tools/ftok/output_place.h"

#include <algorithm>
#include <cctype>

#include "core/error.h"
#include "tools/ftok/models.h"

namespace ftok::cli {
namespace {

// One for each address, so that the same command continues in the same folder.
std::string default_work_folder(const std::string& address) {
  std::string name = address.substr(std::string_view("s3://").size());
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0 && c != '.' && c != '-'; }, '_');
  return cache_folder() + "/work/" + name;
}

}  // namespace

void OutputFlags::add_to(CLI::App& command, const std::string& help) {
  command.add_option("-o,--output", output, help)->type_name("DIR");
  command
      .add_option("--work", work,
                  "With --output s3://...: folder for the work in progress; default: below the cache folder")
      ->type_name("DIR");
}

OutputPlace::OutputPlace(const OutputFlags& flags, const FetchOptions& fetch, const Log& log) : output_(flags.output) {
  if (!is_s3_address(flags.output)) {
    if (!flags.work.empty()) throw UsageError("--work: needs --output s3://BUCKET/PREFIX");
    return;
  }
  const std::string folder = flags.work.empty() ? default_work_folder(flags.output) : flags.work;
  remote_.emplace(flags.output, folder, fetch, log);
}

}  // namespace ftok::cli
