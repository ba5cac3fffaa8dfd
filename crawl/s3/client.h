// S3Client: one signed request after the other, each tried again where that may help. s3.h says what they mean.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "crawl/access_refused.h"
#include "crawl/s3.h"
#include "crawl/s3/credentials.h"
#include "crawl/transfer/http_transfer.h"
#include "crawl/transfer/signed_source.h"

namespace ftok {

struct S3Call {
  std::string method = "GET";
  S3Address address;
  std::vector<std::pair<std::string, std::string>> query;
  std::string_view body;
  std::vector<std::pair<std::string, std::string>> headers = {};  // further ones, names in lower case
};

struct S3Answer {
  long status = 0;  // 2xx, 404, or 412 where a header sets a condition
  std::string etag;
  uint64_t size = 0;  // Content-Length
  std::string body;
  bool repeated = false;  // an earlier try of it may have been done by the server, too
};

// Thread-safe.
class S3Client {
 public:
  S3Client(FetchOptions options, Log log);

  // Throws AccessRefused for 401 and 403 and when there are no credentials, Error for every other answer that
  // S3Answer::status does not list, both naming the address.
  S3Answer call(const S3Call& call) const;

  std::unique_ptr<HttpSource> open(const S3Address& address, const ResumePoint& from) const;

  bool has_credentials() const;

 private:
  // What all clients of the process share: credentials may come from a service that should be asked once.
  struct Shared;
  class Signer;

  FetchOptions options_;
  Log log_;
  std::shared_ptr<Shared> shared_;
};

// What to throw when there are no credentials for the address.
AccessRefused no_s3_credentials(const S3Address& address);

// The text of the first <NAME> in an S3 answer, its entities read; "" where there is none.
std::string xml_text(std::string_view xml, std::string_view name);

// The insides of every <NAME>, in order.
std::vector<std::string_view> xml_elements(std::string_view xml, std::string_view name);

}  // namespace ftok
