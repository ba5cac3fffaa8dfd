// fetch: an http or https object as a ByteSource that survives breaks. A thread of its own downloads into a bounded
// buffer; after a break it continues at the byte reached, with Range and If-Match, so that what is read is one version
// of the object or an Error. Politeness (pace of retries, limits, hosts that refused us) is fetch_session.h's;
// docs/crawling.md states the rules.
//
// What ends a try and is tried again: no connection, a cut, a stall, a length other than promised, 408, 429 and 5xx,
// and a body that is not what the name says (an XML "SlowDown" or an HTML page under a WARC's name, with status 200).
// What ends the fetch: 403 (and every later fetch from that host), other 4xx, a bad certificate or URL, a changed
// object, too many tries in a row.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "core/byte_source.h"
#include "core/error.h"
#include "core/log.h"
#include "core/options.h"
#include "crawl/fetch_session.h"

namespace ftok {

struct FetchOptions {
  std::string user_agent;             // empty: default_user_agent()
  std::string ca_file;                // PEM file to trust instead of the system's certificates
  int64_t attempts_max = 10;          // tries in a row that brought less than kFetchProgressBytes
  BackOff back_off;                   // 1 s .. 1 h (Common Crawl's advice on 503)
  uint64_t buffer_bytes = 16u << 20;  // read ahead, and the memory of a source
  uint64_t object_bytes_max = uint64_t{1} << 40;
  int64_t low_speed_bytes_per_s = 1024;
  int64_t low_speed_s = 60;
  int64_t connect_timeout_s = 30;
  int64_t redirects_max = 5;
  bool check_name = true;  // refuse a body whose first bytes are not what the URL's name says

  std::shared_ptr<FetchSession> session;  // null: process_fetch_session()

  void visit(OptionVisitor& visitor);
};

// A try that brought this much resets the count of failures.
inline constexpr uint64_t kFetchProgressBytes = 1 << 20;

// "ftok/0.1.0".
std::string default_user_agent();

// The defaults, with what the environment says: a contact for the User-Agent ($FTOK_CONTACT: "ftok/0.1.0 (+CONTACT)")
// and certificates to trust ($SSL_CERT_FILE, else $CURL_CA_BUNDLE). Throws UsageError when the contact cannot stand in
// a header.
FetchOptions fetch_options_of_environment();

// `contact` appended to the default User-Agent; throws UsageError naming `origin` when it cannot stand in a header.
std::string user_agent_with_contact(const std::string& contact, const std::string& origin);

// One version of an object, as far as the server says.
struct ObjectVersion {
  std::string etag;  // with its quotes; weak ones ("W/...") cannot be used to resume
  std::string last_modified;
  uint64_t size = 0;  // 0: not told
};

// Where to begin: `offset` bytes of `version` are already there.
struct ResumePoint {
  uint64_t offset = 0;
  ObjectVersion version;
};

// Thrown when the object is no longer the one a fetch began with: what was read of it is of no use.
class ObjectChanged : public Error {
 public:
  using Error::Error;
};

// Destroying it stops the download. Someone must read every open source, for it may hold one of the process's
// connections while its buffer is full.
class HttpSource : public ByteSource {
 public:
  // What the server says of the object; waits for the first response. Fields are empty when there was none.
  virtual ObjectVersion version() const = 0;

  // Tries made so far, the first included.
  virtual int attempts() const = 0;
};

// Throws UsageError for what is not an http or https URL; every other failure is thrown by read(). `log` is called from
// the source's own thread, once a failed try.
std::unique_ptr<HttpSource> open_http_source(const std::string& url, const FetchOptions& options, const Log& log,
                                             const ResumePoint& from = {});

// The whole object; throws Error when it is larger than `bytes_max`.
std::string fetch_bytes(const std::string& url, const FetchOptions& options, const Log& log, uint64_t bytes_max);

bool is_http_url(std::string_view name);

// Why a body that starts with `start` (its first kBodyStartBytes, or all of it) cannot be what the URL's name promises;
// "" when it can. Names in .gz, .zst, .warc, .arc (and .wet, .wat) are known, all others pass.
std::string wrong_body(std::string_view url, std::string_view start);
inline constexpr size_t kBodyStartBytes = 64;

}  // namespace ftok
