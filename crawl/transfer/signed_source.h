// A fetch whose requests are signed (crawl/s3.h): the source of fetch.h, with a signature for each try.
#pragma once

#include <memory>
#include <string>

#include "crawl/fetch.h"
#include "crawl/transfer/http_transfer.h"

namespace ftok {

// Thread-safe.
class RequestSigner {
 public:
  virtual ~RequestSigner() = default;

  // "host:port" that the requests go to.
  virtual std::string host() const = 0;

  // Gives `request`, which has its method and its body, the URL and the headers of a try that is made now.
  virtual void sign(HttpRequest& request) = 0;

  // Whether the answer says that the request was signed for another region or with credentials that are out of date;
  // the next one is signed otherwise, so that another try may succeed.
  virtual bool learn(const HttpReply& reply) = 0;
};

// `name` stands for the object in messages. Unlike with open_http_source a 403 ends this fetch alone.
std::unique_ptr<HttpSource> open_signed_source(const std::string& name, std::shared_ptr<RequestSigner> signer,
                                               const FetchOptions& options, const Log& log,
                                               const ResumePoint& from = {});

// Sets what the options say of every request.
void apply_fetch_options(const FetchOptions& options, HttpRequest& request);

// Whether a request that was answered so may be answered otherwise a little later: 408, 429, 5xx but 507 (full).
bool status_may_pass(long status);

// Whether the answer, with this error_code(), says that we may not do this: 401, 403 but for a quota that is used up.
bool is_refusal(long status, std::string_view code);

// The code of an object store's XML error ("SlowDown"), or "".
std::string_view error_code(std::string_view body);

}  // namespace ftok
