// commoncrawl: what Common Crawl offers, and where: the list of crawls (collinfo.json), the list of a crawl's
// files (crawl-data/CRAWL/warc.paths.gz), and the URLs and local names of those files.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/log.h"
#include "core/result.h"
#include "crawl/fetch.h"

namespace ftok {

struct CrawlSite {
  std::string index_url = "https://index.commoncrawl.org";  // has /collinfo.json
  std::string data_url = "https://data.commoncrawl.org";    // has /crawl-data/...
};

struct Crawl {
  std::string id;        // "CC-MAIN-2024-22"
  std::string name;      // "May 2024 Index"
  std::string from, to;  // when it ran, as the list says; may be empty
};

// collinfo.json, in its order (newest first). A Damage code: "collinfo.not_json", "collinfo.no_crawls".
Result<std::vector<Crawl>> parse_crawls(std::string_view json);

// Throws Error when the list cannot be fetched or read.
std::vector<Crawl> list_crawls(const CrawlSite& site, const FetchOptions& options, const Log& log);

// True for "CC-MAIN-2024-22" and its like: the characters of a crawl's name only, so that it can stand in a URL.
bool is_crawl_id(std::string_view id);

// The paths of a crawl's files of one kind ("warc", "wet", "wat"), sorted, each once. Throws Error when the list cannot
// be had or holds what is not a path.
std::vector<std::string> list_paths(const CrawlSite& site, const std::string& crawl, const std::string& kind,
                                    const FetchOptions& options, const Log& log);

// `count` of the paths, chosen by `seed` and sorted: those with the smallest hash of seed and path. So the choice
// depends on nothing but the seed and the paths, a larger sample holds the smaller ones, and a path is never in twice.
std::vector<std::string> sample_paths(std::vector<std::string> paths, size_t count, uint64_t seed);

// The lines of a list of inputs: blank lines and lines that start with '#' left out, white space at both ends too.
std::vector<std::string> parse_input_list(std::string_view text);

// The URL of an input: http(s) URLs stand as they are, "s3://commoncrawl/KEY" and a bare key lie below `site.data_url`.
// Throws UsageError for other schemes.
std::string url_of_input(const CrawlSite& site, const std::string& input);

// Where to store an input below an output folder: the path of its URL, or its last component when `flat`. Throws
// UsageError when that would lead outside the folder or is not a plain file name.
std::string local_name(const std::string& url, bool flat);

}  // namespace ftok
