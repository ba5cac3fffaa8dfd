// download: an http or https object as a file that is complete or absent, resumed across breaks and across processes.
//
// The bytes go to PATH.part, what the server says of the object to PATH.part.json. When the object is whole,
// PATH.receipt.json (URL, bytes, SHA-256, ETag) is written and PATH.part renamed to PATH; a later call that finds both
// does nothing. A process that finds a PATH.part continues from its last whole gzip member (other files: from its last
// byte), provided the server still has that version. A gzip file is checked member by member as it comes: damage makes
// the fetcher go back to the last whole member once; when the same bytes come again the object itself is damaged, and
// the receipt says where.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "core/log.h"
#include "crawl/fetch.h"

namespace ftok {

struct DownloadReceipt {
  std::string url;  // without passwords and signatures (shown_input(), core/shown.h)
  uint64_t bytes = 0;
  std::string sha256;
  std::string etag, last_modified;
  uint64_t gzip_members = 0;              // 0 for other files
  std::optional<uint64_t> damage_offset;  // the object's own damage: where the first broken gzip member begins

  std::string json() const;
};

struct DownloadResult {
  DownloadReceipt receipt;
  bool was_there = false;     // nothing was requested
  uint64_t resumed_from = 0;  // bytes an earlier process left
};

// Downloads `url` to `path` (folders are made). Throws Error when it cannot be completed, leaving PATH.part for the
// next try, and when another process is downloading to `path`. `progress` (may be empty) is called with the bytes there
// and the object's size (0: unknown), from the calling thread.
DownloadResult download_file(const std::string& url, const std::string& path, const FetchOptions& options,
                             const Log& log, const std::function<void(uint64_t bytes, uint64_t size)>& progress = {});

// The receipt beside `path`, when there is one that can be read.
std::optional<DownloadReceipt> read_download_receipt(const std::string& path);

}  // namespace ftok
