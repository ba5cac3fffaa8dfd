#include "crawl/commoncrawl.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>

#include "core/ascii.h"
#include "core/error.h"
#include "core/shown.h"
#include "crawl/decoded_input.h"

namespace ftok {
namespace {

constexpr uint64_t kListBytesMax = 64u << 20;       // stored; a crawl's list of 100,000 paths is about 0.2 MB
constexpr uint64_t kListTextBytesMax = 512u << 20;  // decoded

// FNV-1a over the path, mixed with the seed by the finaliser of splitmix64: it never changes, as samples depend on it.
uint64_t sample_key(uint64_t seed, std::string_view path) {
  uint64_t hash = 0xCBF29CE484222325;
  for (const char c : path) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3;
  uint64_t x = hash + (seed + 1) * 0x9E3779B97F4A7C15;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
  return x ^ (x >> 31);
}

bool is_plain_component(std::string_view part) {
  if (part.empty() || part == "." || part == ".." || part.front() == '-') return false;
  return std::all_of(part.begin(), part.end(), [](unsigned char c) { return c > 0x20 && c != 0x7F && c != '\\'; });
}

std::string field(const simdjson::dom::element& object, std::string_view key) {
  std::string_view value;
  return object[key].get(value) == simdjson::SUCCESS ? std::string(value) : "";
}

// The decoded text of a list, gzip or plain.
std::string read_list(const std::string& url, const FetchOptions& options, const Log& log) {
  FetchOptions bounded = options;
  bounded.object_bytes_max = kListBytesMax;
  const auto input = make_decoded_input(open_http_source(url, bounded, log));
  std::string text;
  while (input->grow()) {
    text += input->window();
    input->consume(input->window().size());
    if (text.size() > kListTextBytesMax)
      throw Error("cannot read " + shown_input(url) + ": the list is larger than any crawl's");
  }
  if (const auto damage = input->take_damage(); !damage.empty()) {
    throw Error(
        fmt::format("cannot read {}: {} at byte {}", shown_input(url), damage[0].code.view(), damage[0].offset));
  }
  return text;
}

}  // namespace

Result<std::vector<Crawl>> parse_crawls(std::string_view json) {
  simdjson::dom::parser parser;
  simdjson::dom::array list;
  if (parser.parse(json.data(), json.size()).get(list) != simdjson::SUCCESS) return Damage{"collinfo.not_json", "", 0};
  std::vector<Crawl> crawls;
  for (const simdjson::dom::element entry : list) {
    Crawl crawl{field(entry, "id"), field(entry, "name"), field(entry, "from"), field(entry, "to")};
    if (is_crawl_id(crawl.id)) crawls.push_back(std::move(crawl));
  }
  if (crawls.empty()) return Damage{"collinfo.no_crawls", "", 0};
  return crawls;
}

std::vector<Crawl> list_crawls(const CrawlSite& site, const FetchOptions& options, const Log& log) {
  const std::string url = site.index_url + "/collinfo.json";
  auto crawls = parse_crawls(fetch_bytes(url, options, log, kListBytesMax));
  if (!crawls)
    throw Error("cannot read the list of crawls at " + shown_input(url) + ": " + crawls.damage().code.c_str());
  return std::move(*crawls);
}

bool is_crawl_id(std::string_view id) {
  return id.starts_with("CC-") && id.size() <= 64 && std::all_of(id.begin(), id.end(), [](char c) {
           return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
         });
}

std::vector<std::string> list_paths(const CrawlSite& site, const std::string& crawl, const std::string& kind,
                                    const FetchOptions& options, const Log& log) {
  if (!is_crawl_id(crawl))
    throw UsageError("not the name of a crawl: '" + crawl + "', expected one like CC-MAIN-2024-22");
  const std::string url = fmt::format("{}/crawl-data/{}/{}.paths.gz", site.data_url, crawl, kind);
  std::vector<std::string> paths = parse_input_list(read_list(url, options, log));
  for (const std::string& path : paths) local_name(path, false);
  std::sort(paths.begin(), paths.end());
  paths.erase(std::unique(paths.begin(), paths.end()), paths.end());
  if (paths.empty()) throw Error("the list of files at " + shown_input(url) + " is empty");
  return paths;
}

std::vector<std::string> sample_paths(std::vector<std::string> paths, size_t count, uint64_t seed) {
  std::sort(paths.begin(), paths.end());
  paths.erase(std::unique(paths.begin(), paths.end()), paths.end());
  if (count >= paths.size()) return paths;
  std::vector<std::pair<uint64_t, std::string>> keyed;
  keyed.reserve(paths.size());
  for (std::string& path : paths) {
    const uint64_t key = sample_key(seed, path);
    keyed.emplace_back(key, std::move(path));
  }
  std::nth_element(keyed.begin(), keyed.begin() + static_cast<ptrdiff_t>(count), keyed.end());
  std::vector<std::string> chosen;
  for (size_t i = 0; i < count; ++i) chosen.push_back(std::move(keyed[i].second));
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

std::vector<std::string> parse_input_list(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    const std::string_view line = trim(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (!line.empty() && line.front() != '#') lines.emplace_back(line);
  }
  return lines;
}

std::string url_of_input(const CrawlSite& site, const std::string& input) {
  constexpr std::string_view kBucket = "s3://commoncrawl/";
  if (is_http_url(input)) return input;
  std::string key = input;
  if (input.starts_with(kBucket)) key = input.substr(kBucket.size());
  if (key.find("://") != std::string::npos) {
    throw UsageError("cannot fetch '" + input +
                     "': expected an http or https URL, s3://commoncrawl/..., or a path of a crawl");
  }
  while (key.starts_with('/')) key.erase(0, 1);
  return site.data_url + "/" + key;
}

std::string local_name(const std::string& url, bool flat) {
  std::string_view path = url;
  if (const size_t scheme = path.find("://"); scheme != std::string_view::npos) {
    const size_t slash = path.find('/', scheme + 3);
    path = slash == std::string_view::npos ? "" : path.substr(slash + 1);
  }
  path = path.substr(0, path.find_first_of("?#"));
  const auto refuse = [&] {
    throw UsageError("cannot make a file name of '" + shown_input(url) +
                     "': a component of its path is empty, '..', or not plain");
  };
  if (path.empty() || path.size() > 1024) refuse();
  for (std::string_view rest = path; !rest.empty();) {
    const size_t slash = rest.find('/');
    if (!is_plain_component(rest.substr(0, slash)) || slash == rest.size() - 1) refuse();
    rest.remove_prefix(slash == std::string_view::npos ? rest.size() : slash + 1);
  }
  if (flat) path = path.substr(path.find_last_of('/') == std::string_view::npos ? 0 : path.find_last_of('/') + 1);
  return std::string(path);
}

}  // namespace ftok
