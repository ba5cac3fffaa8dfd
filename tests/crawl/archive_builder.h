// Makes small archives in memory for the tests of crawl/.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "crawl/source.h"
#include "crawl/warc.h"
#include "document/stage.h"

namespace ftok::testing {

// One record, its two closing CR LF included. `length` replaces the true Content-Length; "none" leaves the field out.
std::string warc_record(std::string_view type, std::string_view block, std::string_view url = "http://example.com/",
                        std::string_view length = {},
                        std::string_view content_type = "application/http; msgtype=response");

// An HTTP response: "HTTP/1.1 200 OK", the fields given (each ended by CR LF), an empty line, the body.
std::string http_response(std::string_view fields, std::string_view body);

std::string gzip(std::string_view bytes, int level = 6);
std::string deflate(std::string_view bytes, bool raw);
std::string zstd(std::string_view bytes);
std::string brotli(std::string_view bytes);

// Three records: a response, a request, a response; a gzip member each when `zipped`.
std::string small_archive(bool zipped);

// A record as read, its views copied.
struct ReadRecord {
  uint64_t offset = 0, offset_in_member = 0;
  std::string type, url, block, damage;
  bool operator==(const ReadRecord&) const = default;
};

struct ReadArchive {
  std::vector<ReadRecord> records;
  std::vector<std::string> damage;  // codes
};

// All records of `bytes`, given at most `read_max` bytes a read (0: as many as asked).
ReadArchive read_archive(const std::string& bytes, size_t read_max = 0, const WarcLimits& limits = {},
                         const DecodeLimits& decode_limits = {}, const std::string& name = "memory");

// All items of `bytes`, with the damage codes.
struct ReadItems {
  std::vector<Item> items;
  std::vector<std::string> damage;
};
ReadItems read_items(const std::string& bytes, SourceOptions options = {}, const std::string& name = "memory");

// What each was dropped for; "": it was not.
std::vector<std::string> reasons(const ReadItems& read);

}  // namespace ftok::testing
