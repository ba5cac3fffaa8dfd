#include "crawl/transfer/http_transfer.h"

#include <curl/curl.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <mutex>

#include "core/ascii.h"
#include "core/error.h"
#include "core/shown.h"

namespace ftok {
namespace {

constexpr size_t kErrorBodyBytes = 4096;
constexpr size_t kHeaderBytesMax = 1 << 16;  // of ETag, Last-Modified and the like; longer ones are not kept

void initialise_curl() {
  static std::once_flag once;
  std::call_once(once, [] {
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) throw Error("libcurl cannot be initialised");
  });
}

struct EasyDeleter {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct ListDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using Easy = std::unique_ptr<CURL, EasyDeleter>;
using HeaderList = std::unique_ptr<curl_slist, ListDeleter>;

void append(HeaderList& list, const std::string& line) {
  curl_slist* longer = curl_slist_append(list.get(), line.c_str());
  if (longer == nullptr) throw std::bad_alloc();
  static_cast<void>(list.release());
  list.reset(longer);
}

std::optional<uint64_t> parse_number(std::string_view text) {
  uint64_t value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// "bytes 5-99/100" or "bytes 5-99/*" or "bytes */100" (RFC 9110, section 14.4).
void parse_content_range(std::string_view value, TransferHead& head) {
  if (lower_ascii(value.substr(0, 6)) != "bytes ") return;
  value.remove_prefix(6);
  const size_t slash = value.find('/');
  if (slash == std::string_view::npos) return;
  head.range_total = parse_number(trim(value.substr(slash + 1)));
  const size_t dash = value.find('-');
  if (dash < slash) head.range_start = parse_number(trim(value.substr(0, dash)));
}

// What a transfer's callbacks share; lives for one run.
struct Exchange {
  CURL* easy = nullptr;
  HttpSink* sink = nullptr;
  HttpReply reply;
  bool begun = false;
  bool paused = false;
  double pause_s = 0;
};

bool is_success(long status) { return status >= 200 && status < 300; }

size_t on_header(char* data, size_t, size_t size, void* context) {
  TransferHead& head = static_cast<Exchange*>(context)->reply.head;
  const std::string_view line = trim({data, size});
  if (line.starts_with("HTTP/")) {  // the next response: of a redirect, or after "100 Continue"
    head = TransferHead();
    return size;
  }
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos || line.size() > kHeaderBytesMax) return size;
  const std::string name = lower_ascii(line.substr(0, colon));
  const std::string_view value = trim(line.substr(colon + 1));
  if (name == "etag") head.etag = value;
  if (name == "last-modified") head.last_modified = value;
  if (name == "content-type") head.content_type = value;
  if (name == "content-length") head.content_length = parse_number(value);
  if (name == "content-range") parse_content_range(value, head);
  if (name == "x-amz-bucket-region") head.bucket_region = value;
  return size;
}

size_t on_body(char* data, size_t, size_t size, void* context) {
  Exchange& exchange = *static_cast<Exchange*>(context);
  HttpReply& reply = exchange.reply;
  curl_easy_getinfo(exchange.easy, CURLINFO_RESPONSE_CODE, &reply.head.status);
  if (!is_success(reply.head.status)) {
    const size_t room = kErrorBodyBytes - std::min(kErrorBodyBytes, reply.error_body.size());
    reply.error_body.append(data, std::min(room, size));
    return room > 0 ? size : CURL_WRITEFUNC_ERROR;
  }
  if (!exchange.begun) {
    exchange.begun = true;
    if (!exchange.sink->begin(reply.head)) {
      reply.stopped = true;
      return CURL_WRITEFUNC_ERROR;
    }
  }
  exchange.pause_s = 0;
  switch (exchange.sink->accept({data, size}, &exchange.pause_s)) {
    case HttpSink::Answer::kTaken: return size;
    case HttpSink::Answer::kPause: exchange.paused = true; return CURL_WRITEFUNC_PAUSE;
    case HttpSink::Answer::kStop: break;
  }
  reply.stopped = true;
  return CURL_WRITEFUNC_ERROR;
}

// What no retry mends.
bool is_permanent(CURLcode code) {
  switch (code) {
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
    case CURLE_TOO_MANY_REDIRECTS:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_NOT_BUILT_IN:
    case CURLE_BAD_FUNCTION_ARGUMENT: return true;
    default: return false;
  }
}

// Nothing listens there: not a connection that took too long.
bool refused_connection(CURL* easy) {
  long error_number = 0;
  curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &error_number);
  return error_number == ECONNREFUSED;
}

}  // namespace

struct HttpTransfer::State {
  CURLM* multi = nullptr;
  std::atomic<bool> woken{false};

  void configure(const HttpRequest& request, Exchange& exchange, curl_slist* headers, char* error_text) const;
  CURLcode perform(Exchange& exchange, const std::stop_token& stop);
};

HttpTransfer::HttpTransfer() : state_(std::make_unique<State>()) {
  initialise_curl();
  state_->multi = curl_multi_init();
  if (state_->multi == nullptr) throw std::bad_alloc();
}

HttpTransfer::~HttpTransfer() { curl_multi_cleanup(state_->multi); }

void HttpTransfer::wake() {
  state_->woken = true;
  curl_multi_wakeup(state_->multi);
}

void HttpTransfer::State::configure(const HttpRequest& request, Exchange& exchange, curl_slist* headers,
                                    char* error_text) const {
  CURL* easy = exchange.easy;
  const auto set = [easy](CURLoption option, auto value) {
    if (curl_easy_setopt(easy, option, value) != CURLE_OK) {
      throw Error("libcurl refuses option " + std::to_string(static_cast<int>(option)));
    }
  };
  const bool encrypted = lower_ascii(request.url.substr(0, 6)) == "https:";
  set(CURLOPT_URL, request.url.c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_REDIR_PROTOCOLS_STR, encrypted ? "https" : "http,https");
  set(CURLOPT_FOLLOWLOCATION, 1L);
  set(CURLOPT_MAXREDIRS, static_cast<long>(request.redirects_max));
  set(CURLOPT_SSL_VERIFYPEER, 1L);
  set(CURLOPT_SSL_VERIFYHOST, 2L);
  if (!request.ca_file.empty()) set(CURLOPT_CAINFO, request.ca_file.c_str());
  set(CURLOPT_USERAGENT, request.user_agent.c_str());
  set(CURLOPT_HTTPHEADER, headers);
  // One request, one connection: the limit on connections then counts what it says.
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(CURLOPT_FORBID_REUSE, 1L);
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_NOPROGRESS, 1L);
  set(CURLOPT_CONNECTTIMEOUT, static_cast<long>(request.connect_timeout_s));
  set(CURLOPT_LOW_SPEED_LIMIT, static_cast<long>(request.low_speed_bytes_per_s));
  set(CURLOPT_LOW_SPEED_TIME, static_cast<long>(request.low_speed_s));
  set(CURLOPT_BUFFERSIZE, 256L * 1024);
  if (request.direct) set(CURLOPT_NOPROXY, "*");
  if (request.method == "HEAD") set(CURLOPT_NOBODY, 1L);
  if (request.method == "PUT" || request.method == "POST") {
    set(CURLOPT_POSTFIELDS, request.body.data() == nullptr ? "" : request.body.data());
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
  }
  if (request.method != "GET" && request.method != "HEAD") set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
  if (request.start > 0) set(CURLOPT_RANGE, (std::to_string(request.start) + "-").c_str());
  set(CURLOPT_HEADERFUNCTION, &on_header);
  set(CURLOPT_HEADERDATA, &exchange);
  set(CURLOPT_WRITEFUNCTION, &on_body);
  set(CURLOPT_WRITEDATA, &exchange);
  set(CURLOPT_ERRORBUFFER, error_text);
}

CURLcode HttpTransfer::State::perform(Exchange& exchange, const std::stop_token& stop) {
  double resume_at_s = 0;
  const auto now_s = [] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
  };
  for (int running = 1; running > 0;) {
    if (stop.stop_requested()) {
      exchange.reply.stopped = true;
      return CURLE_ABORTED_BY_CALLBACK;
    }
    if (exchange.paused && (woken.exchange(false) || (resume_at_s > 0 && now_s() >= resume_at_s))) {
      exchange.paused = false;
      resume_at_s = 0;
      // May call on_body at once, and so pause again.
      if (const CURLcode code = curl_easy_pause(exchange.easy, CURLPAUSE_CONT); code != CURLE_OK) return code;
    }
    if (const CURLMcode code = curl_multi_perform(multi, &running); code != CURLM_OK) {
      throw Error(std::string("libcurl: ") + curl_multi_strerror(code));
    }
    if (running == 0) break;
    if (exchange.paused && exchange.pause_s > 0 && resume_at_s == 0) resume_at_s = now_s() + exchange.pause_s;
    const double sleep_s = resume_at_s > 0 ? std::clamp(resume_at_s - now_s(), 0.0, 1.0) : 1.0;
    curl_multi_poll(multi, nullptr, 0, static_cast<int>(sleep_s * 1000) + (sleep_s < 1 ? 1 : 0), nullptr);
  }
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi, &left)) {
    if (message->msg == CURLMSG_DONE) return message->data.result;
  }
  return CURLE_RECV_ERROR;
}

HttpReply HttpTransfer::run(const HttpRequest& request, HttpSink& sink, const std::stop_token& stop) {
  const Easy easy(curl_easy_init());
  if (easy == nullptr) throw std::bad_alloc();
  HeaderList headers;
  append(headers, "Accept: */*");
  append(headers, "Accept-Encoding: identity");  // a range counts bytes as stored
  if (request.method == "PUT" || request.method == "POST") {
    append(headers, "Content-Type:");  // libcurl's own would say that the body is a form
    append(headers, "Expect:");
  }
  for (const std::string& header : request.headers) append(headers, header);
  if (request.start > 0 && !request.if_match.empty()) {
    append(headers, "If-Match: " + request.if_match);
  } else if (request.start > 0 && !request.if_unmodified_since.empty()) {
    append(headers, "If-Unmodified-Since: " + request.if_unmodified_since);
  }

  Exchange exchange;
  exchange.easy = easy.get();
  exchange.sink = &sink;
  char error_text[CURL_ERROR_SIZE] = "";
  state_->configure(request, exchange, headers.get(), error_text);
  if (curl_multi_add_handle(state_->multi, easy.get()) != CURLM_OK) throw std::bad_alloc();
  struct Remove {
    CURLM* multi;
    CURL* easy;
    ~Remove() { curl_multi_remove_handle(multi, easy); }
  } const remove{state_->multi, easy.get()};
  const CURLcode code = state_->perform(exchange, stop);

  HttpReply& reply = exchange.reply;
  curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &reply.head.status);
  const char* effective_url = nullptr;
  curl_easy_getinfo(easy.get(), CURLINFO_EFFECTIVE_URL, &effective_url);
  if (effective_url != nullptr) reply.head.effective_url = effective_url;
  curl_off_t retry_after_s = 0;
  curl_easy_getinfo(easy.get(), CURLINFO_RETRY_AFTER, &retry_after_s);
  reply.retry_after_s = static_cast<double>(retry_after_s);
  reply.complete = code == CURLE_OK;
  if (code != CURLE_OK) {
    reply.may_pass = !is_permanent(code);
    reply.no_host = code == CURLE_COULDNT_RESOLVE_HOST || code == CURLE_COULDNT_RESOLVE_PROXY ||
                    (code == CURLE_COULDNT_CONNECT && refused_connection(easy.get()));
    reply.error = error_text[0] != '\0' ? error_text : curl_easy_strerror(code);
  } else if (!exchange.begun && is_success(reply.head.status)) {
    reply.stopped = !sink.begin(reply.head);  // an empty body
  }
  return std::move(exchange.reply);
}

std::string ca_file_of_system() {
  const char* const built_in = curl_version_info(CURLVERSION_NOW)->cainfo;
  static const std::string kPlaces[] = {"/etc/ssl/certs/ca-certificates.crt",  // Debian, Ubuntu, Arch
                                        "/etc/pki/tls/certs/ca-bundle.crt",    // Fedora, RHEL
                                        "/etc/ssl/ca-bundle.pem",              // openSUSE
                                        "/etc/ssl/cert.pem"};                  // Alpine
  return built_in == nullptr ? "" : first_ca_file(built_in, kPlaces);
}

std::string first_ca_file(const std::string& built_in, std::span<const std::string> places) {
  const auto exists = [](const std::string& place) {
    std::error_code error;
    return std::filesystem::exists(place, error);
  };
  if (exists(built_in)) return "";
  const auto there = std::find_if(places.begin(), places.end(), exists);
  return there == places.end() ? "" : *there;
}

std::string authority_of_url(const std::string& url) {
  initialise_curl();
  const std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> parsed(curl_url(), &curl_url_cleanup);
  const auto part = [&](CURLUPart which, unsigned flags) {
    char* text = nullptr;
    std::string out;
    if (curl_url_get(parsed.get(), which, &text, flags) == CURLUE_OK) out = text;
    curl_free(text);
    return out;
  };
  const bool valid = curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK;
  const std::string scheme = part(CURLUPART_SCHEME, 0);
  const std::string host = part(CURLUPART_HOST, 0);
  if (!valid || (scheme != "http" && scheme != "https") || host.empty()) {
    throw UsageError("not an http or https URL: " + shown_input(url));
  }
  return lower_ascii(host) + ":" + part(CURLUPART_PORT, CURLU_DEFAULT_PORT);
}

}  // namespace ftok
