#include "pipeline/inputs.h"

#include <fmt/format.h>
#include <glob.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <map>
#include <utility>

#include "core/error.h"
#include "core/file.h"
#include "core/shown.h"
#include "core/text_file.h"
#include "crawl/decoded_input.h"
#include "crawl/s3.h"
#include "shards/checksum.h"

namespace ftok {
namespace {

constexpr size_t kListBytesMax = size_t{1} << 30;

bool is_pattern(const std::string& input) { return input.find_first_of("*?[") != std::string::npos; }

// A file of this very name wins over the pattern it could also be.
std::vector<std::string> expand(const std::string& input) {
  if (is_s3_address(input) && is_pattern(input)) return expand_s3_pattern(S3Store(), input);
  if (is_address(input) || input == "-" || !is_pattern(input) || std::filesystem::exists(input)) return {input};
  glob_t matches{};
  const int status = ::glob(input.c_str(), GLOB_TILDE, nullptr, &matches);  // sorted by name
  std::vector<std::string> paths;
  if (status == 0) paths.assign(matches.gl_pathv, matches.gl_pathv + matches.gl_pathc);
  ::globfree(&matches);
  if (paths.empty()) throw UsageError(fmt::format("'{}' matches no file", input));
  return paths;
}

void check_readable(const std::string& input) {
  if (is_s3_address(input)) S3Store().check(input);
  if (is_address(input) || input == "-") return;
  refuse_address(input);
  if (::access(input.c_str(), R_OK) != 0) throw_errno("cannot read " + input, errno);
  if (std::filesystem::is_directory(input)) {
    throw Error(fmt::format("cannot read {}: it is a directory; name its files, as in '{}/*.warc.gz'", input, input));
  }
}

// What has its bytes only once cannot stand in two places, by one name or by several ("-" and /dev/stdin, a link).
void check_read_once(const InputListOptions& options, const std::vector<std::string>& inputs) {
  std::vector<std::string> once = options.input_lists;
  once.insert(once.end(), inputs.begin(), inputs.end());
  std::map<std::pair<dev_t, ino_t>, std::string> names;
  for (const std::string& input : once) {
    struct stat status {};
    if (is_address(input) || can_be_read_again(input)) continue;
    if ((input == "-" ? ::fstat(STDIN_FILENO, &status) : ::stat(input.c_str(), &status)) != 0) continue;
    const auto shown = [](const std::string& name) { return name == "-" ? "standard input" : name; };
    const auto [first, is_new] = names.emplace(std::pair(status.st_dev, status.st_ino), input);
    if (is_new) continue;
    throw UsageError(first->second == input ? fmt::format("{} is given twice, and can be read only once", shown(input))
                                            : fmt::format("{} and {} are the same, which can be read only once",
                                                          shown(first->second), shown(input)));
  }
}

std::vector<std::string> read_list(const std::string& path, const std::string& base_url) {
  std::vector<std::string> inputs = read_lines(path, "the input list");
  for (std::string& line : inputs) {
    if (line.starts_with("crawl-data/") && !std::filesystem::exists(line)) line = base_url + line;
  }
  return inputs;
}

}  // namespace

std::vector<std::string> read_lines(const std::string& path, const std::string& what) {
  const std::unique_ptr<DecodedInput> input = make_decoded_input(open_input(path, {}));
  while (input->grow()) {
    if (input->window().size() > kListBytesMax) throw Error(fmt::format("{} {} is larger than 1 GiB", what, path));
  }
  for (const Damage& damage : input->take_damage()) {
    throw Error(fmt::format("{} {} is damaged at byte {}: {}", what, path, damage.offset, damage.code.view()));
  }
  std::string decoded;
  const std::string_view text = text_of_list(input->window(), path, decoded);
  std::vector<std::string> lines;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    std::string line(text.substr(at, end - at));
    at = end + 1;
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ' || line.back() == '\t')) line.pop_back();
    line.erase(0, line.find_first_not_of(" \t"));
    if (!line.empty() && !line.starts_with("#")) lines.push_back(std::move(line));
  }
  return lines;
}

Share parse_share(std::string_view text, std::string_view flag) {
  Share share;
  const char* const end = text.data() + text.size();
  const auto index = std::from_chars(text.data(), end, share.index);
  if (index.ec == std::errc() && index.ptr != end && *index.ptr == '/') {
    const auto count = std::from_chars(index.ptr + 1, end, share.count);
    if (count.ec == std::errc() && count.ptr == end && share.index < share.count) return share;
  }
  throw UsageError(fmt::format("{}: got '{}', expected I/N with I from 0 to N - 1", flag, text));
}

bool is_address(const std::string& input) { return is_http_url(input) || is_s3_address(input); }

std::vector<std::string> list_inputs(const InputListOptions& options) {
  std::vector<std::string> inputs;
  for (const std::string& input : options.inputs) {
    for (std::string& path : expand(input)) inputs.push_back(std::move(path));
  }
  for (const std::string& list : options.input_lists) {
    for (std::string& input : read_list(list, options.base_url)) inputs.push_back(std::move(input));
  }
  if (inputs.empty()) throw UsageError("no input: neither a file nor a line of a list names one");
  if (options.limit > 0 && inputs.size() > options.limit) inputs.resize(options.limit);
  if (!options.slice.empty()) {
    const Share share = parse_share(options.slice, "--slice");
    std::vector<std::string> taken;
    for (size_t i = share.index; i < inputs.size(); i += share.count) taken.push_back(std::move(inputs[i]));
    inputs = std::move(taken);
  }
  for (const std::string& input : inputs) check_readable(input);
  check_read_once(options, inputs);
  return inputs;
}

InputState state_of(const std::string& input) {
  struct stat status {};
  if (is_address(input) || !can_be_read_again(input) || ::stat(input.c_str(), &status) != 0) return {};
  return {static_cast<uint64_t>(status.st_size),
          static_cast<int64_t>(status.st_mtim.tv_sec) * 1'000'000'000 + status.st_mtim.tv_nsec, true};
}

bool is_what_was_read(const InputReport& report, const std::string& input) {
  if (report.input != shown_input(input)) return false;
  if (is_address(input)) return true;
  const InputState now = state_of(input);
  if (!now.is_known || !report.state.is_known || now.bytes != report.state.bytes) return false;
  return now == report.state || checksum_of_file(input) == report.digest;
}

std::unique_ptr<ByteSource> open_input(const std::string& input, const Log& log, const FetchOptions& fetch) {
  if (is_http_url(input)) return open_http_source(input, fetch, log);
  if (is_s3_address(input)) return S3Store(fetch, log).open(parse_s3_address(input));
  return open_file_source(input);
}

}  // namespace ftok
