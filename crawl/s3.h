// s3: objects in Amazon S3 and in stores that speak its language (R2, MinIO, Google's interoperability), named
// "s3://BUCKET/KEY".
//
// Credentials, region and endpoint come from the environment, the AWS settings files or the metadata service
// (s3/credentials.h) and stand in no address, message or file. Requests are signed (s3/signer.h) and go through the
// same session as every other fetch: its limits, its pace of retries. Without any credentials s3://commoncrawl is read
// over https from data.commoncrawl.org, and other buckets are refused.
//
// An object appears whole or not at all: as one PUT, or as a multipart upload that is completed at its end and aborted
// where it fails. What a killed process leaves of one is invisible, and S3Store::sweep_uploads removes it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "core/log.h"
#include "crawl/access_refused.h"
#include "crawl/fetch.h"

namespace ftok {

bool is_s3_address(std::string_view text);  // "s3://..."

struct S3Address {
  std::string bucket;  // 3 to 63 of a-z 0-9 . -
  std::string key;     // may be empty: the whole bucket; at most 1,024 bytes

  std::string text() const { return "s3://" + bucket + "/" + key; }
};

// Throws UsageError when `text` is not such an address.
S3Address parse_s3_address(std::string_view text);

struct S3Object {
  std::string key;
  uint64_t size = 0;
  std::string etag;  // with its quotes
};

// A connection to a store. Thread-safe. Every function throws Error naming the address and the store's own code
// ("AccessDenied"), after as many tries as `options` allow for what may pass (no connection, 429, 5xx), and
// AccessRefused where the store refuses what was asked, and where there are no credentials to ask with. A store that is
// full (507, QuotaExceeded) refuses nobody.
class S3Store {
 public:
  explicit S3Store(const FetchOptions& options = fetch_options_of_environment(), const Log& log = {});
  ~S3Store();
  S3Store(const S3Store&) = delete;
  S3Store& operator=(const S3Store&) = delete;

  // Throws UsageError when the address is none, AccessRefused when it may not be read here: without credentials only
  // the public bucket's may.
  void check(const std::string& text) const;

  // A stream of one version of the object, which continues after breaks (fetch.h). Failures are thrown by read().
  std::unique_ptr<HttpSource> open(const S3Address& address, const ResumePoint& from = {}) const;

  // The object's size and ETag; nothing when it is not there.
  std::optional<S3Object> find(const S3Address& address) const;

  // The whole object, which fits into memory, by one request; nothing when it is not there.
  std::optional<std::string> get(const S3Address& address) const;

  // Bytes [begin, begin + bytes) of the object, all of them. Throws ObjectChanged where `etag` is given and the object
  // has another one.
  std::string read(const S3Address& address, uint64_t begin, uint64_t bytes, const std::string& etag = "") const;

  // The same; nothing when the object is not there, or ends before.
  std::optional<std::string> read_if_there(const S3Address& address, uint64_t begin, uint64_t bytes) const;

  // Whether find() can ask: the public bucket is read without credentials, but by its name alone.
  bool can_find(const S3Address& address) const;

  // The objects whose keys begin with the address's key, in the order of their keys' bytes.
  std::vector<S3Object> list(const S3Address& prefix) const;

  // Stores `bytes` or the file's bytes, replacing what is there. A file of more than `part_bytes` (5 MiB at least) goes
  // in parts; it must not change meanwhile.
  void put(const S3Address& address, std::string_view bytes) const;
  void put_file(const S3Address& address, const std::string& path, uint64_t part_bytes = uint64_t{64} << 20) const;

  // Stores what is at `from`, of `size` bytes, without its bytes coming here, replacing what is there. More than
  // `part_bytes` (5 MiB at least, and no more than stores take at once) go in parts; `from` must not change meanwhile.
  void copy(const S3Address& from, const S3Address& to, uint64_t size, uint64_t part_bytes = uint64_t{5} << 30) const;

  // Stores `bytes` unless there is an object already: false then, and it stays.
  bool put_new(const S3Address& address, std::string_view bytes) const;

  // Removes the object, if it is there.
  void remove(const S3Address& address) const;

  // Aborts the multipart uploads below `prefix` that were begun and not completed, by whomever; how many there were. To
  // be called when nobody writes there.
  uint64_t sweep_uploads(const S3Address& prefix) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The inputs that `pattern` names: an address without * ? [ as it is, else the addresses of the objects it matches,
// sorted
// ('*' and '?' do not match '/'). Throws UsageError when none does.
std::vector<std::string> expand_s3_pattern(const S3Store& store, const std::string& pattern);

}  // namespace ftok
