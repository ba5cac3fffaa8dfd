#include "crawl/s3/client.h"

#include <fmt/format.h>

#include <array>
#include <condition_variable>
#include <stop_token>
#include <thread>

#include "core/error.h"
#include "core/sha256.h"
#include "core/signals.h"

namespace ftok {
namespace {

constexpr size_t kAnswerBytesMax = size_t{64} << 20;  // a list of 1,000 keys has at most a few MB
constexpr int kSignAgainMax = 3;

class BodySink : public HttpSink {
 public:
  bool begin(const TransferHead&) override { return true; }
  Answer accept(std::string_view bytes, double*) override {
    if (text.size() + bytes.size() > kAnswerBytesMax) return Answer::kStop;
    text += bytes;
    return Answer::kTaken;
  }
  std::string text;
};

// Its token asks to stop when waits are to end (core/signals.h).
class StopWithWaits {
 public:
  StopWithWaits()
      : watcher_([this](const std::stop_token& done) {
          std::mutex mutex;
          std::condition_variable_any end;
          std::unique_lock lock(mutex);
          while (!done.stop_requested() && !waits_end())
            end.wait_for(lock, done, kStopPollInterval, [] { return false; });
          if (!done.stop_requested()) source_.request_stop();
        }) {}

  std::stop_token token() const { return source_.get_token(); }

 private:
  std::stop_source source_;
  std::jthread watcher_;  // last: it uses the source
};

// What calls the credentials or the moment of signing into question.
bool is_stale(std::string_view code) {
  return code == "ExpiredToken" || code == "InvalidToken" || code == "TokenRefreshRequired" || code == "RequestExpired";
}

}  // namespace

// Thread-safe.
struct S3Client::Shared {
  S3Settings settings;

  // Where the bucket lies, as far as the store has said so.
  std::string region_of(const std::string& bucket) {
    const std::lock_guard lock(mutex);
    const auto found = regions.find(bucket);
    if (found != regions.end()) return found->second;
    return bucket == "commoncrawl" ? "us-east-1" : settings.region();
  }

  void set_region(const std::string& bucket, const std::string& region) {
    const std::lock_guard lock(mutex);
    regions[bucket] = region;
  }

 private:
  std::mutex mutex;
  std::map<std::string, std::string> regions;
};

// Signs the tries of one request.
class S3Client::Signer : public RequestSigner {
 public:
  Signer(const S3Call& call, std::shared_ptr<Shared> shared)
      : call_(call),
        body_sha256_(call.body.empty() ? std::string(kNoBodySha256) : Sha256::of(call.body)),
        shared_(std::move(shared)) {}

  std::string host() const override { return authority_of_url(base(shared_->region_of(call_.address.bucket)).first); }

  void sign(HttpRequest& request) override {
    region_ = shared_->region_of(call_.address.bucket);
    credentials_ = shared_->settings.credentials();
    if (credentials_.empty()) throw no_s3_credentials(call_.address);
    const auto [url, path] = base(region_);
    S3Request signed_request;
    signed_request.method = call_.method;
    signed_request.host = url.substr(url.find("://") + 3);
    signed_request.path = path + call_.address.key;
    signed_request.query = call_.query;
    signed_request.headers = call_.headers;
    signed_request.body_sha256 = body_sha256_;
    request.method = call_.method;
    request.body = call_.body;
    request.url = url + s3_target(signed_request);
    request.headers = sign_s3_request(signed_request, credentials_, region_, std::chrono::system_clock::now());
  }

  bool learn(const HttpReply& reply) override {
    const std::string code(error_code(reply.error_body));
    if (reply.head.status >= 300 && reply.head.status < 500 && is_stale(code)) {
      shared_->settings.forget(credentials_);
      return true;
    }
    std::string region = reply.head.bucket_region;
    if (region.empty() && code == "AuthorizationHeaderMalformed") region = xml_text(reply.error_body, "Region");
    const bool elsewhere = reply.head.status == 301 || reply.head.status == 307 || reply.head.status == 400 ||
                           (reply.head.status == 403 && call_.method == "HEAD");
    if (!elsewhere || region.empty() || region == region_) return false;
    shared_->set_region(call_.address.bucket, region);
    return true;
  }

 private:
  // The URL of the host and the path before the key. A bucket is part of the host's name at Amazon, unless its dots
  // would break the certificate, and of the path everywhere else.
  std::pair<std::string, std::string> base(const std::string& region) const {
    const std::string& bucket = call_.address.bucket;
    if (!shared_->settings.endpoint().empty()) return {shared_->settings.endpoint(), "/" + bucket + "/"};
    if (bucket.find('.') != std::string::npos)
      return {fmt::format("https://s3.{}.amazonaws.com", region), "/" + bucket + "/"};
    return {fmt::format("https://{}.s3.{}.amazonaws.com", bucket, region), "/"};
  }

  const S3Call call_;
  const std::string body_sha256_;
  const std::shared_ptr<Shared> shared_;
  std::string region_;
  S3Credentials credentials_;
};

S3Client::S3Client(FetchOptions options, Log log) : options_(std::move(options)), log_(std::move(log)) {
  static const auto shared = std::make_shared<Shared>();
  shared_ = shared;
  if (options_.session == nullptr) options_.session = process_fetch_session();
}

bool S3Client::has_credentials() const { return !shared_->settings.credentials().empty(); }

std::unique_ptr<HttpSource> S3Client::open(const S3Address& address, const ResumePoint& from) const {
  const S3Call call{"GET", address, {}, {}};
  return open_signed_source(address.text(), std::make_shared<Signer>(call, shared_), options_, log_, from);
}

S3Answer S3Client::call(const S3Call& call) const {
  Signer signer(call, shared_);
  FetchSession& session = *options_.session;
  const std::string what = fmt::format("{} {}", call.method, call.address.text());
  const StopWithWaits stop;
  HttpTransfer transfer;
  S3Answer answer;
  for (int failures = 0, signed_anew = 0;;) {
    HttpRequest request;
    signer.sign(request);
    apply_fetch_options(options_, request);
    request.redirects_max = 0;  // the signature is for this host
    BodySink sink;
    HttpReply reply;
    if (const FetchSession::Slot slot = session.connect(stop.token()))
      reply = transfer.run(request, sink, stop.token());
    if (stop.token().stop_requested()) throw Stopped();
    const long status = reply.head.status;
    const std::string_view code = error_code(reply.error_body.empty() ? sink.text : reply.error_body);
    // What completes an upload, or copies, may say that it failed after it has said 200.
    const bool good = reply.complete && status >= 200 && status < 300 && (call.method == "GET" || code.empty());
    const bool unmet = status == 412 && !call.headers.empty();
    if (good || (reply.complete && (unmet || (status == 404 && code != "NoSuchBucket")))) {
      answer.status = status;
      answer.etag = reply.head.etag;
      answer.size = reply.head.content_length.value_or(0);
      answer.body = good ? std::move(sink.text) : std::move(reply.error_body);
      return answer;
    }
    if (signed_anew < kSignAgainMax && signer.learn(reply)) {
      ++signed_anew;
      continue;
    }
    std::string problem = reply.complete ? fmt::format("status {}", status) : reply.error;
    if (reply.complete && !code.empty()) problem += fmt::format(", {}", code);
    const bool again =
        reply.complete ? status_may_pass(status) || code == "InternalError" || code == "SlowDown" : reply.may_pass;
    if (!again && is_refusal(status, code)) throw AccessRefused(fmt::format("{}: {}", what, problem));
    if (!again) throw Error(fmt::format("{}: {}", what, problem));
    if (++failures >= options_.attempts_max) {
      throw Error(fmt::format("{}: {} (gave up after {} tries)", what, problem, failures));
    }
    if (reply.retry_after_s > options_.back_off.wait_max_s) {
      throw Error(fmt::format("{}: {}, and the server asks to wait {:.0f} s", what, problem, reply.retry_after_s));
    }
    answer.repeated = true;
    const double wait = session.reserve_retry(signer.host(), options_.back_off, failures, reply.retry_after_s);
    if (log_) {
      log_(LogLevel::kWarning,
           fmt::format("{}: {}; try {} of {} in {:.1f} s", what, problem, failures + 1, options_.attempts_max, wait));
    }
    if (!session.clock().wait_s(wait, stop.token())) throw Stopped();
  }
}

AccessRefused no_s3_credentials(const S3Address& address) {
  const UsageError error(fmt::format(
      "{}: no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE", address.text()));
  return AccessRefused(error.what(), error.exit_code());
}

std::vector<std::string_view> xml_elements(std::string_view xml, std::string_view name) {
  const std::string open = fmt::format("<{}>", name), close = fmt::format("</{}>", name);
  std::vector<std::string_view> found;
  for (size_t at = 0; (at = xml.find(open, at)) != std::string_view::npos;) {
    at += open.size();
    const size_t end = xml.find(close, at);
    if (end == std::string_view::npos) break;
    found.push_back(xml.substr(at, end - at));
    at = end + close.size();
  }
  return found;
}

std::string xml_text(std::string_view xml, std::string_view name) {
  const std::vector<std::string_view> found = xml_elements(xml, name);
  if (found.empty()) return "";
  constexpr std::array<std::pair<std::string_view, char>, 5> kEntities{
      {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}}};
  std::string out;
  for (std::string_view rest = found.front(); !rest.empty();) {
    char c = rest.front();
    size_t size = 1;
    for (const auto& [entity, stands_for] : kEntities) {
      if (rest.starts_with(entity)) c = stands_for, size = entity.size();
    }
    if (rest.starts_with("&#34;")) c = '"', size = 5;
    out += c;
    rest.remove_prefix(size);
  }
  return out;
}

}  // namespace ftok
