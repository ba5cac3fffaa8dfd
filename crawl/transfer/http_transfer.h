// http_transfer: one request over libcurl, from its first byte to the last of the answer or the break. No retry, no
// policy: fetch.h has that.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace ftok {

struct HttpRequest {
  std::string url;
  std::string method = "GET";        // GET, HEAD, PUT, POST or DELETE
  std::vector<std::string> headers;  // further ones, "Name: value"
  std::string_view body;             // of PUT and POST; outlives the transfer
  bool direct = false;               // past any proxy
  std::string user_agent;
  std::string ca_file;              // PEM file of certificates to trust instead of the system's; empty: the system's
  uint64_t start = 0;               // > 0 asks for "Range: bytes=START-"
  std::string if_match;             // a strong ETag, sent with a range; empty: none
  std::string if_unmodified_since;  // sent with a range when there is no ETag
  int redirects_max = 5;
  int connect_timeout_s = 30;
  uint64_t low_speed_bytes_per_s = 1024;  // slower than this for low_speed_s seconds is a stall
  int low_speed_s = 60;
};

// The head of the final response (redirects are followed first).
struct TransferHead {
  long status = 0;
  std::string etag, last_modified, content_type;
  std::optional<uint64_t> content_length;
  std::optional<uint64_t> range_start, range_total;  // of Content-Range, where it could be read
  std::string effective_url;
  std::string bucket_region;  // x-amz-bucket-region: where S3 keeps the bucket
};

struct HttpReply {
  TransferHead head;
  bool complete = false;     // the response came whole, as far as HTTP can tell
  bool stopped = false;      // the caller asked to stop, or the sink did
  bool may_pass = true;      // when not complete: false for what no retry can mend (a bad certificate, a bad URL)
  bool no_host = false;      // when not complete: the host, or the proxy, has no address or refuses connections
  std::string error;         // why it is not complete, in words
  double retry_after_s = 0;  // what the server asked for, 0 when it did not
  std::string error_body;    // the first bytes of the body of an answer other than 2xx
};

// Receives the body of a 2xx response on the thread that runs the transfer.
class HttpSink {
 public:
  enum class Answer { kTaken, kPause, kStop };

  virtual ~HttpSink() = default;

  // Once, before the first byte of the body; false ends the transfer (reply.stopped).
  virtual bool begin(const TransferHead& head) = 0;

  // kTaken: all of `bytes` were taken. kPause: none were, they are offered again after HttpTransfer::wake() or, when
  // `pause_s` was set above 0, after that many seconds. kStop ends the transfer.
  virtual Answer accept(std::string_view bytes, double* pause_s) = 0;
};

// Runs transfers one at a time; wake() may be called from any thread.
class HttpTransfer {
 public:
  HttpTransfer();
  ~HttpTransfer();
  HttpTransfer(const HttpTransfer&) = delete;
  HttpTransfer& operator=(const HttpTransfer&) = delete;

  // Only http and https, certificates always verified, https never redirected to http, no content decoding.
  HttpReply run(const HttpRequest& request, HttpSink& sink, const std::stop_token& stop);

  // Makes a paused transfer offer its bytes again, and a waiting one look at its stop token.
  void wake();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The system's certificates, where libcurl was built to look for them elsewhere (a program that was built on another
// distribution); empty where it finds them, or none are there.
std::string ca_file_of_system();

// The first of `places` that exists; empty where `built_in` does.
std::string first_ca_file(const std::string& built_in, std::span<const std::string> places);

// "host:port" of a URL, lower case, the scheme's port where it names none. Throws UsageError when it is not an http or
// https URL.
std::string authority_of_url(const std::string& url);

}  // namespace ftok
