#include "crawl/fetch.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

#include "core/shown.h"
#include "core/signals.h"
#include "crawl/access_refused.h"
#include "crawl/host_not_found.h"
#include "crawl/transfer/http_transfer.h"
#include "crawl/transfer/signed_source.h"

namespace ftok {
namespace {

// Bytes between one writer and one reader. All members are guarded by the owner's mutex.
class RingBuffer {
 public:
  explicit RingBuffer(size_t capacity) : bytes_(new char[capacity]), capacity_(capacity) {}

  size_t size() const { return size_; }
  size_t room() const { return capacity_ - size_; }

  void put(std::string_view bytes) {
    const size_t at = (start_ + size_) % capacity_;
    const size_t first = std::min(bytes.size(), capacity_ - at);
    std::memcpy(bytes_.get() + at, bytes.data(), first);
    std::memcpy(bytes_.get(), bytes.data() + first, bytes.size() - first);
    size_ += bytes.size();
  }

  size_t take(char* out, size_t size) {
    size = std::min(size, size_);
    const size_t first = std::min(size, capacity_ - start_);
    std::memcpy(out, bytes_.get() + start_, first);
    std::memcpy(out + first, bytes_.get(), size - first);
    start_ = (start_ + size) % capacity_;
    size_ -= size;
    return size;
  }

 private:
  std::unique_ptr<char[]> bytes_;
  size_t capacity_;
  size_t start_ = 0, size_ = 0;
};

bool is_strong(const std::string& etag) { return !etag.empty() && !etag.starts_with("W/"); }

// Whether two answers can be of one version of an object: nothing both of them tell differs.
std::string difference(const ObjectVersion& before, const ObjectVersion& now) {
  if (!before.etag.empty() && !now.etag.empty() && before.etag != now.etag) {
    return "its ETag was " + before.etag + " and is " + now.etag;
  }
  if (!before.last_modified.empty() && !now.last_modified.empty() && before.last_modified != now.last_modified) {
    return "its Last-Modified was " + before.last_modified + " and is " + now.last_modified;
  }
  if (before.size != 0 && now.size != 0 && before.size != now.size) {
    return fmt::format("its size was {} and is {} bytes", before.size, now.size);
  }
  return "";
}

constexpr int kSignedAnewMax = 3;

class CurlSource : public HttpSource, private HttpSink {
 public:
  // `signer` may be null.
  CurlSource(const std::string& url, std::shared_ptr<RequestSigner> signer, const FetchOptions& options, Log log,
             const ResumePoint& from)
      : url_(url),
        signer_(std::move(signer)),
        shown_(shown_input(url)),
        host_(signer_ != nullptr ? signer_->host() : authority_of_url(url)),
        options_(options),
        session_(options.session != nullptr ? options.session : process_fetch_session()),
        log_(std::move(log)),
        version_(from.version),
        reached_(from.offset),
        buffer_(std::max<size_t>(options.buffer_bytes, 64 * 1024)) {
    worker_ = std::jthread([this](const std::stop_token& stop) { work(stop); });
  }

  ~CurlSource() override {
    worker_.request_stop();
    transfer_.wake();
    worker_.join();
  }

  size_t read(char* out, size_t size) override {
    std::unique_lock lock(mutex_);
    await(lock, [&] { return buffer_.size() > 0 || finished_; });
    if (buffer_.size() == 0) {
      if (failure_ != nullptr) std::rethrow_exception(failure_);
      return 0;
    }
    const size_t taken = buffer_.take(out, size);
    const bool wake = writer_waits_;
    writer_waits_ = false;
    lock.unlock();
    if (wake) transfer_.wake();
    return taken;
  }

  const std::string& name() const override { return shown_; }
  uint64_t size_if_known() const override {
    std::lock_guard lock(mutex_);
    return version_.size;
  }

  ObjectVersion version() const override {
    std::unique_lock lock(mutex_);
    await(lock, [&] { return answered_ || finished_; });
    return version_;
  }

  int attempts() const override {
    std::lock_guard lock(mutex_);
    return attempts_;
  }

 private:
  template <typename Condition>
  void await(std::unique_lock<std::mutex>& lock, const Condition& condition) const {
    while (!changed_.wait_for(lock, kStopPollInterval, condition)) {
      if (waits_end()) throw Stopped();
    }
  }

  void work(const std::stop_token& stop) {
    std::exception_ptr failure;
    try {
      fetch_all(stop);
    } catch (...) {
      failure = std::current_exception();
    }
    std::lock_guard lock(mutex_);
    failure_ = failure;
    finished_ = true;
    changed_.notify_all();
  }

  void fetch_all(const std::stop_token& stop) {
    for (int failures = 0; !stop.stop_requested();) {
      const uint64_t reached_before = reached_;
      HttpReply reply;
      {
        session_->throw_if_refused(host_);
        const FetchSession::Slot slot = session_->connect(stop);
        if (!slot) return;
        session_->throw_if_refused(host_);  // it may have refused another while this one waited
        begin_try();
        reply = transfer_.run(make_request(), *this, stop);
      }
      if (stop.stop_requested()) return;
      if (signer_ != nullptr && signed_anew_ < kSignedAnewMax && signer_->learn(reply)) {
        ++signed_anew_;
        continue;
      }
      if (reply.head.status != 0) note_answer_of(host_);
      const std::string problem = judge(reply);
      if (problem.empty()) return;
      if (reached_ - reached_before >= kFetchProgressBytes) failures = 0;
      const int attempts_max = static_cast<int>(options_.attempts_max);
      const int tries_max = reply.no_host ? tries_to_find(host_, attempts_max) : attempts_max;
      if (tries_max < attempts_max && failures + 1 >= tries_max) {
        note_not_found(host_);
        throw HostNotFound(fmt::format("cannot fetch {}: {}; is this machine offline, or behind a proxy (https_proxy)?",
                                       shown_, problem));
      }
      if (++failures >= options_.attempts_max) {
        throw Error(fmt::format("cannot fetch {} at byte {}: {} (gave up after {} tries)", shown_, reached_, problem,
                                failures));
      }
      if (reply.retry_after_s > options_.back_off.wait_max_s) {
        throw Error(fmt::format("cannot fetch {} at byte {}: {}, and the server asks to wait {:.0f} s", shown_,
                                reached_, problem, reply.retry_after_s));
      }
      // A host that has never answered gets one line, when we give up.
      const bool is_unmet = tries_max < attempts_max;
      const BackOff back_off = is_unmet ? BackOff{kNoHostWaitS, kNoHostWaitS} : options_.back_off;
      const double wait = session_->reserve_retry(host_, back_off, failures, reply.retry_after_s);
      if (log_ && !is_unmet) {
        log_(LogLevel::kWarning, fmt::format("{} at byte {}: {}; try {} of {} in {:.1f} s", shown_, reached_, problem,
                                             failures + 1, tries_max, wait));
      }
      if (!session_->clock().wait_s(wait, stop)) return;
    }
  }

  void begin_try() {
    skip_ = 0;
    start_.clear();
    start_checked_ = !options_.check_name || reached_ > 0;
    sink_problem_.clear();
    sink_error_ = nullptr;
    std::lock_guard lock(mutex_);
    ++attempts_;
    if (reached_ == 0) version_ = ObjectVersion();  // nothing was read yet: any version will do
  }

  HttpRequest make_request() const {
    HttpRequest request;
    if (signer_ != nullptr) {
      signer_->sign(request);
    } else {
      request.url = url_;
    }
    apply_fetch_options(options_, request);
    request.start = reached_;
    if (is_strong(version_.etag)) request.if_match = version_.etag;
    request.if_unmodified_since = version_.last_modified;
    if (signer_ != nullptr) request.redirects_max = 0;  // the signature is for this host
    return request;
  }

  // "" when the object is here whole; what went wrong when another try may help; throws when none can.
  std::string judge(const HttpReply& reply) {
    if (sink_error_ != nullptr) std::rethrow_exception(sink_error_);
    if (!sink_problem_.empty()) return sink_problem_;
    const long status = reply.head.status;
    const std::string where = fmt::format("cannot fetch {}", shown_);
    const std::string_view code = error_code(reply.error_body);
    if (status == 403 && signer_ == nullptr) {
      session_->refuse(host_, fmt::format("403{}{} for {}", code.empty() ? "" : " ", code, shown_));
      throw AccessRefused(where + ": 403, the server refuses us; no more requests go to " + host_);
    }
    if (!reply.complete && !reply.may_pass) throw Error(where + ": " + reply.error);
    if (status == 412) throw ObjectChanged(changed_message("the server says so (412)"));
    if (status == 416 && reached_ > 0) {
      const uint64_t total = reply.head.range_total.value_or(version_.size);
      if (total == reached_ && (version_.size == 0 || version_.size == total)) return "";
      throw ObjectChanged(changed_message(fmt::format("it ends at byte {}", total)));
    }
    if (status != 0 && status != 200 && status != 206) {
      const std::string problem = fmt::format("status {}{}{}", status, code.empty() ? "" : " ", code);
      if (is_refusal(status, code)) throw AccessRefused(where + ": " + problem);
      if (!status_may_pass(status)) throw Error(where + ": " + problem);
      return problem;
    }
    if (!reply.complete) return reply.error;
    if (version_.size != 0 && reached_ + start_.size() < version_.size) {
      return fmt::format("the response ended at {} of {} bytes", reached_, version_.size);
    }
    if (!start_checked_) {
      check_start();  // a body shorter than kBodyStartBytes
      return sink_problem_;
    }
    return "";
  }

  std::string changed_message(const std::string& how) const {
    return fmt::format("{} changed on the server while it was read, at byte {}: {}", shown_, reached_, how);
  }

  bool begin(const TransferHead& head) override {
    if (head.status != 200 && head.status != 206) return false;  // judge() says what that means
    ObjectVersion now{head.etag, head.last_modified, 0};
    if (head.status == 206) {
      now.size = head.range_total.value_or(0);
      if (head.range_start.value_or(reached_) != reached_) {
        sink_problem_ = fmt::format("asked for byte {}, got byte {}", reached_, *head.range_start);
        return false;
      }
    } else {
      now.size = head.content_length.value_or(0);
      skip_ = reached_;  // the server does not know ranges: read past what is here
    }
    if (now.size > options_.object_bytes_max) {
      return stop_with(Error(fmt::format("cannot fetch {}: {} bytes, more than the limit of {}", shown_, now.size,
                                         options_.object_bytes_max)));
    }
    if (reached_ > 0 && version_.etag.empty() && version_.last_modified.empty() && version_.size == 0) {
      return stop_with(
          Error(fmt::format("cannot continue {} at byte {}: the server gives no ETag, date or size to know the "
                            "object by",
                            shown_, reached_)));
    }
    if (const std::string how = difference(version_, now); !how.empty()) {
      return stop_with(ObjectChanged(changed_message(how)));
    }
    std::lock_guard lock(mutex_);
    if (version_.etag.empty()) version_.etag = now.etag;
    if (version_.last_modified.empty()) version_.last_modified = now.last_modified;
    if (version_.size == 0) version_.size = now.size;
    answered_ = true;
    changed_.notify_all();
    return true;
  }

  template <typename E>
  bool stop_with(E error) {
    sink_error_ = std::make_exception_ptr(std::move(error));
    return false;
  }

  Answer accept(std::string_view bytes, double* pause_s) override {
    {
      std::lock_guard lock(mutex_);
      // Room for what start_ may hold back as well; at the first byte the buffer is empty, so there is.
      writer_waits_ = buffer_.room() < bytes.size() + kBodyStartBytes;
      if (writer_waits_) return Answer::kPause;  // read() wakes the transfer
    }
    if (const double seconds = session_->take_bytes(bytes.size()); seconds > 0) {
      *pause_s = seconds;
      return Answer::kPause;
    }
    const uint64_t past = std::min<uint64_t>(skip_, bytes.size());
    skip_ -= past;
    bytes.remove_prefix(past);
    if (reached_ + start_.size() + bytes.size() > options_.object_bytes_max) {
      stop_with(
          Error(fmt::format("cannot fetch {}: more than the limit of {} bytes", shown_, options_.object_bytes_max)));
      return Answer::kStop;
    }
    if (start_checked_) {
      deliver(bytes);
      return Answer::kTaken;
    }
    start_.append(bytes);
    if (start_.size() < kBodyStartBytes) return Answer::kTaken;  // judge() delivers it should the body end here
    return check_start() ? Answer::kTaken : Answer::kStop;
  }

  // Delivers the start of the body that was held back, or says why it cannot be what the name promises.
  bool check_start() {
    sink_problem_ = wrong_body(url_, std::string_view(start_).substr(0, kBodyStartBytes));
    if (!sink_problem_.empty()) return false;
    start_checked_ = true;
    deliver(std::exchange(start_, std::string()));
    return true;
  }

  void deliver(std::string_view bytes) {
    reached_ += bytes.size();
    std::lock_guard lock(mutex_);
    buffer_.put(bytes);
    changed_.notify_all();
  }

  const std::string url_;
  const std::shared_ptr<RequestSigner> signer_;
  const std::string shown_;  // in messages, without secrets
  const std::string host_;
  const FetchOptions options_;
  const std::shared_ptr<FetchSession> session_;
  const Log log_;

  // The worker's own.
  HttpTransfer transfer_;
  int signed_anew_ = 0;
  uint64_t skip_ = 0;  // bytes of this response that an earlier try delivered
  std::string start_;  // the first bytes of the object, held back until they are checked
  bool start_checked_ = false;
  std::string sink_problem_;  // why the sink stopped this try, when another may help
  std::exception_ptr sink_error_;

  // Shared with the reader, under mutex_; the worker, alone in writing them, reads version_ and reached_ without it.
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  ObjectVersion version_;
  uint64_t reached_;  // bytes of the object delivered
  RingBuffer buffer_;
  int attempts_ = 0;
  bool answered_ = false, finished_ = false, writer_waits_ = false;
  std::exception_ptr failure_;

  std::jthread worker_;  // last: it uses all of the above
};

}  // namespace

void FetchOptions::visit(OptionVisitor& visitor) {
  visitor.field("user_agent", user_agent, "User-Agent header; it should name a contact");
  visitor.field("attempts_max", attempts_max, "tries in a row without progress before a fetch fails");
  visitor.field("low_speed_bytes_per_s", low_speed_bytes_per_s, "slower than this is a stall");
  visitor.field("low_speed_s", low_speed_s, "after so many seconds");
  visitor.field("connect_timeout_s", connect_timeout_s, "seconds to wait for a connection");
  visitor.field("redirects_max", redirects_max, "redirects followed in a row");
}

std::string default_user_agent() { return "ftok/" FTOK_VERSION; }

FetchOptions fetch_options_of_environment() {
  const auto environment = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value == nullptr ? "" : value);
  };
  FetchOptions options;
  options.user_agent = user_agent_with_contact(environment("FTOK_CONTACT"), "FTOK_CONTACT");
  options.ca_file = environment("SSL_CERT_FILE");
  if (options.ca_file.empty()) options.ca_file = environment("CURL_CA_BUNDLE");
  if (options.ca_file.empty()) options.ca_file = ca_file_of_system();
  return options;
}

std::string user_agent_with_contact(const std::string& contact, const std::string& origin) {
  for (const char c : contact) {
    if (c < 0x20 || c > 0x7E)
      throw UsageError(origin + ": got a character that cannot stand in a header, expected printable ASCII");
  }
  return default_user_agent() + (contact.empty() ? "" : " (+" + contact + ")");
}

bool is_http_url(std::string_view name) { return name.starts_with("https://") || name.starts_with("http://"); }

std::string wrong_body(std::string_view url, std::string_view start) {
  std::string_view path = url.substr(0, url.find_first_of("?#"));
  const auto begins = [&](std::string_view magic) { return start.substr(0, magic.size()) == magic; };
  const bool zstd =
      begins("\x28\xB5\x2F\xFD") || (start.size() >= 4 && (static_cast<unsigned char>(start[0]) & 0xF0) == 0x50 &&
                                     start.substr(1, 3) == "\x2A\x4D\x18");
  bool right = true;
  if (path.ends_with(".gz")) {
    right = begins("\x1F\x8B");
  } else if (path.ends_with(".zst")) {
    right = zstd;
  } else if (path.ends_with(".warc") || path.ends_with(".wet") || path.ends_with(".wat")) {
    right = begins("WARC/");
  } else if (path.ends_with(".arc")) {
    right = begins("filedesc:");
  }
  if (right) return "";
  if (start.empty()) return "the body is empty";
  const size_t text = start.find_first_not_of(" \t\r\n\xEF\xBB\xBF");
  if (text == std::string_view::npos || start[text] != '<') return "the body is not what the name says";
  return start.find("html") != std::string_view::npos || start.find("HTML") != std::string_view::npos
             ? "the body is an HTML page, not what the name says"
             : "the body is an XML error, not what the name says";
}

std::unique_ptr<HttpSource> open_http_source(const std::string& url, const FetchOptions& options, const Log& log,
                                             const ResumePoint& from) {
  return std::make_unique<CurlSource>(url, nullptr, options, log, from);
}

std::unique_ptr<HttpSource> open_signed_source(const std::string& name, std::shared_ptr<RequestSigner> signer,
                                               const FetchOptions& options, const Log& log, const ResumePoint& from) {
  return std::make_unique<CurlSource>(name, std::move(signer), options, log, from);
}

void apply_fetch_options(const FetchOptions& options, HttpRequest& request) {
  request.user_agent = options.user_agent.empty() ? default_user_agent() : options.user_agent;
  request.ca_file = options.ca_file;
  request.redirects_max = static_cast<int>(options.redirects_max);
  request.connect_timeout_s = static_cast<int>(options.connect_timeout_s);
  request.low_speed_bytes_per_s = static_cast<uint64_t>(options.low_speed_bytes_per_s);
  request.low_speed_s = static_cast<int>(options.low_speed_s);
}

bool status_may_pass(long status) {
  constexpr long kFull = 507;  // a store without room: nothing that waiting a minute changes
  return status == 408 || status == 429 || (status >= 500 && status != kFull);
}

bool is_refusal(long status, std::string_view code) {
  return (status == 401 || status == 403) && code != "QuotaExceeded";
}

std::string_view error_code(std::string_view body) {
  const size_t open = body.find("<Code>");
  if (open == std::string_view::npos) return "";
  const size_t close = body.find("</Code>", open);
  if (close == std::string_view::npos || close - open > 70) return "";
  return body.substr(open + 6, close - open - 6);
}

std::string fetch_bytes(const std::string& url, const FetchOptions& options, const Log& log, uint64_t bytes_max) {
  FetchOptions bounded = options;
  bounded.object_bytes_max = bytes_max;
  const auto source = open_http_source(url, bounded, log);
  std::string bytes;
  std::string block(1 << 16, '\0');
  while (const size_t got = source->read(block.data(), block.size())) bytes.append(block, 0, got);
  return bytes;
}

}  // namespace ftok
