#include "crawl/s3.h"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <charconv>

#include "core/error.h"
#include "core/file.h"
#include "core/shown.h"
#include "crawl/s3/client.h"

namespace ftok {
namespace {

constexpr std::string_view kScheme = "s3://";
constexpr size_t kKeyBytesMax = 1024;
constexpr uint64_t kPartBytesMin = uint64_t{5} << 20, kPartsMax = 10'000;  // Amazon S3's limits
constexpr std::string_view kCommonCrawl = "commoncrawl";

uint64_t number(std::string_view text) {
  uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::string percent_decoded(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    unsigned value = 0;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(text.data() + i + 1, text.data() + i + 3, value, 16).ptr == text.data() + i + 3) {
      out += static_cast<char>(value);
      i += 2;
    } else {
      out += text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

[[noreturn]] void missing(const S3Address& address, const std::string& answer) {
  const std::string code = xml_text(answer, "Code");
  throw Error(fmt::format("{}: status 404{}{}", address.text(), code.empty() ? "" : ", ", code));
}

// The ETag of what was copied to the address; throws Error when it was not.
std::string copied(const S3Address& address, const S3Answer& answer) {
  std::string etag = xml_text(answer.body, "ETag");
  if (answer.status == 404) missing(address, answer.body);
  if (answer.status != 200 || etag.empty()) throw Error(fmt::format("{}: the store did not copy it", address.text()));
  return etag;
}

// Bytes of a part when `size` bytes go in parts of about `part_bytes`.
uint64_t allowed_part_bytes(uint64_t size, uint64_t part_bytes) {
  return std::max({part_bytes, kPartBytesMin, (size + kPartsMax - 1) / kPartsMax});
}

// An upload in parts: invisible until it is completed.
class MultipartUpload {
 public:
  MultipartUpload(const S3Client& client, const S3Address& address) : client_(client), address_(address) {
    const S3Answer answer = client_.call({"POST", address_, {{"uploads", ""}}, {}});
    id_ = xml_text(answer.body, "UploadId");
    if (answer.status == 404 || id_.empty()) missing(address_, answer.body);
  }

  ~MultipartUpload() {
    if (completed_) return;
    try {
      client_.call({"DELETE", address_, {{"uploadId", id_}}, {}});
    } catch (const Error&) {  // sweep_uploads() finds it
    }
  }
  MultipartUpload(const MultipartUpload&) = delete;
  MultipartUpload& operator=(const MultipartUpload&) = delete;

  void add(std::string_view part) {
    const S3Answer answer = client_.call({"PUT", address_, next_part(), part});
    if (answer.status == 404 || answer.etag.empty()) missing(address_, answer.body);
    etags_.push_back(answer.etag);
  }

  void add_copy(const std::string& source, uint64_t begin, uint64_t bytes) {
    const std::string range = fmt::format("bytes={}-{}", begin, begin + bytes - 1);
    const S3Answer answer = client_.call(
        {"PUT", address_, next_part(), {}, {{"x-amz-copy-source", source}, {"x-amz-copy-source-range", range}}});
    etags_.push_back(copied(address_, answer));
  }

  void complete(uint64_t size) {
    std::string list = "<CompleteMultipartUpload>";
    for (size_t i = 0; i < etags_.size(); ++i) {
      list += fmt::format("<Part><PartNumber>{}</PartNumber><ETag>{}</ETag></Part>", i + 1, etags_[i]);
    }
    list += "</CompleteMultipartUpload>";
    const S3Answer answer = client_.call({"POST", address_, {{"uploadId", id_}}, list});
    // A try whose answer was lost may have completed it: then the upload is gone and the object is there.
    if (answer.status == 404 && !(answer.repeated && is_there(size))) missing(address_, answer.body);
    completed_ = true;
  }

 private:
  std::vector<std::pair<std::string, std::string>> next_part() const {
    return {{"partNumber", std::to_string(etags_.size() + 1)}, {"uploadId", id_}};
  }

  bool is_there(uint64_t size) const {
    const S3Answer head = client_.call({"HEAD", address_, {}, {}});
    return head.status == 200 && head.size == size && head.etag.ends_with(fmt::format("-{}\"", etags_.size()));
  }

  const S3Client& client_;
  const S3Address address_;
  std::string id_;
  std::vector<std::string> etags_;
  bool completed_ = false;
};

}  // namespace

struct S3Store::State {
  State(const FetchOptions& fetch, const Log& to) : options(fetch), log(to), client(fetch, to) {}

  // The public bucket is also served without credentials.
  bool in_public(const S3Address& address) const { return address.bucket == kCommonCrawl && !client.has_credentials(); }

  FetchOptions options;
  Log log;
  S3Client client;
};

bool is_s3_address(std::string_view text) { return text.starts_with(kScheme); }

S3Address parse_s3_address(std::string_view text) {
  const auto refuse = [&](const char* why) {
    throw UsageError(fmt::format("{}: expected s3://BUCKET/KEY: {}", without_secrets(text), why));
  };
  if (!is_s3_address(text)) refuse("it does not begin so");
  std::string_view rest = text.substr(kScheme.size());
  const size_t slash = std::min(rest.find('/'), rest.size());
  S3Address address{std::string(rest.substr(0, slash)), std::string(rest.substr(std::min(slash + 1, rest.size())))};
  const bool letters = std::all_of(address.bucket.begin(), address.bucket.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
  });
  if (address.bucket.size() < 3 || address.bucket.size() > 63 || !letters) {
    refuse("a bucket's name has 3 to 63 of a-z, 0-9, '.' and '-'");
  }
  if (address.key.size() > kKeyBytesMax) refuse("a key has at most 1,024 bytes");
  return address;
}

S3Store::S3Store(const FetchOptions& options, const Log& log) : state_(std::make_unique<State>(options, log)) {}

S3Store::~S3Store() = default;

void S3Store::check(const std::string& text) const {
  const S3Address address = parse_s3_address(text);
  if (address.bucket != kCommonCrawl && !state_->client.has_credentials()) throw no_s3_credentials(address);
}

std::unique_ptr<HttpSource> S3Store::open(const S3Address& address, const ResumePoint& from) const {
  if (state_->in_public(address)) {
    const std::string url = "https://data.commoncrawl.org/" + percent_encoded(address.key, true);
    return open_http_source(url, state_->options, state_->log, from);
  }
  return state_->client.open(address, from);
}

std::optional<S3Object> S3Store::find(const S3Address& address) const {
  const S3Answer answer = state_->client.call({"HEAD", address, {}, {}});
  if (answer.status == 404) return std::nullopt;
  return S3Object{address.key, answer.size, answer.etag};
}

std::optional<std::string> S3Store::get(const S3Address& address) const {
  S3Answer answer = state_->client.call({"GET", address, {}, {}});
  if (answer.status == 404) return std::nullopt;
  return std::move(answer.body);
}

std::string S3Store::read(const S3Address& address, uint64_t begin, uint64_t bytes, const std::string& etag) const {
  if (bytes == 0) return "";
  S3Call call{"GET", address, {}, {}, {{"range", fmt::format("bytes={}-{}", begin, begin + bytes - 1)}}};
  if (!etag.empty()) call.headers.emplace_back("if-match", etag);
  S3Answer answer = state_->client.call(call);
  if (answer.status == 404) missing(address, answer.body);
  if (answer.status == 412) throw ObjectChanged(address.text() + " was replaced while it was read");
  if (answer.status != 206 && begin == 0 && answer.body.size() > bytes) answer.body.resize(bytes);
  if (answer.body.size() != bytes) {
    throw Error(
        fmt::format("{}: {} bytes from byte {} asked for, {} came", address.text(), bytes, begin, answer.body.size()));
  }
  return std::move(answer.body);
}

std::optional<std::string> S3Store::read_if_there(const S3Address& address, uint64_t begin, uint64_t bytes) const {
  if (bytes == 0) return "";
  S3Answer answer =
      state_->client.call({"GET", address, {}, {}, {{"range", fmt::format("bytes={}-{}", begin, begin + bytes - 1)}}});
  if (answer.status == 404 || answer.body.size() != bytes) return std::nullopt;
  return std::move(answer.body);
}

bool S3Store::can_find(const S3Address& address) const { return !state_->in_public(address); }

std::vector<S3Object> S3Store::list(const S3Address& prefix) const {
  std::vector<S3Object> objects;
  std::string token;
  do {
    S3Call call{"GET", {prefix.bucket, ""}, {{"list-type", "2"}, {"prefix", prefix.key}, {"encoding-type", "url"}}, {}};
    if (!token.empty()) call.query.emplace_back("continuation-token", token);
    const S3Answer answer = state_->client.call(call);
    if (answer.status == 404) missing(prefix, answer.body);
    for (const std::string_view entry : xml_elements(answer.body, "Contents")) {
      objects.push_back(
          {percent_decoded(xml_text(entry, "Key")), number(xml_text(entry, "Size")), xml_text(entry, "ETag")});
    }
    token = xml_text(answer.body, "IsTruncated") == "true" ? xml_text(answer.body, "NextContinuationToken") : "";
  } while (!token.empty());
  std::sort(objects.begin(), objects.end(), [](const S3Object& a, const S3Object& b) { return a.key < b.key; });
  return objects;
}

void S3Store::put(const S3Address& address, std::string_view bytes) const {
  const S3Answer answer = state_->client.call({"PUT", address, {}, bytes});
  if (answer.status == 404) missing(address, answer.body);
}

bool S3Store::put_new(const S3Address& address, std::string_view bytes) const {
  const S3Answer answer = state_->client.call({"PUT", address, {}, bytes, {{"if-none-match", "*"}}});
  if (answer.status == 404) missing(address, answer.body);
  return answer.status != 412;
}

void S3Store::put_file(const S3Address& address, const std::string& path, uint64_t part_bytes) const {
  const MappedFile file(path);
  std::string_view rest = file.bytes();
  const uint64_t size = rest.size();
  part_bytes = allowed_part_bytes(size, part_bytes);
  if (size <= part_bytes) return put(address, rest);
  MultipartUpload upload(state_->client, address);
  while (!rest.empty()) {
    upload.add(rest.substr(0, part_bytes));
    rest.remove_prefix(std::min<size_t>(part_bytes, rest.size()));
  }
  upload.complete(size);
}

void S3Store::copy(const S3Address& from, const S3Address& to, uint64_t size, uint64_t part_bytes) const {
  const std::string source = percent_encoded("/" + from.bucket + "/" + from.key, true);
  part_bytes = allowed_part_bytes(size, part_bytes);
  if (size <= part_bytes) {
    copied(to, state_->client.call({"PUT", to, {}, {}, {{"x-amz-copy-source", source}}}));
    return;
  }
  MultipartUpload upload(state_->client, to);
  for (uint64_t begin = 0; begin < size; begin += part_bytes) {
    upload.add_copy(source, begin, std::min(part_bytes, size - begin));
  }
  upload.complete(size);
}

void S3Store::remove(const S3Address& address) const { state_->client.call({"DELETE", address, {}, {}}); }

uint64_t S3Store::sweep_uploads(const S3Address& prefix) const {
  uint64_t swept = 0;
  std::string key_marker, id_marker;
  do {
    S3Call call{"GET", {prefix.bucket, ""}, {{"uploads", ""}, {"prefix", prefix.key}, {"encoding-type", "url"}}, {}};
    if (!key_marker.empty()) {
      call.query.emplace_back("key-marker", key_marker);
      call.query.emplace_back("upload-id-marker", id_marker);
    }
    const S3Answer answer = state_->client.call(call);
    if (answer.status == 404) missing(prefix, answer.body);
    for (const std::string_view entry : xml_elements(answer.body, "Upload")) {
      const S3Address address{prefix.bucket, percent_decoded(xml_text(entry, "Key"))};
      if (!address.key.starts_with(prefix.key)) continue;
      state_->client.call({"DELETE", address, {{"uploadId", xml_text(entry, "UploadId")}}, {}});
      ++swept;
    }
    const bool more = xml_text(answer.body, "IsTruncated") == "true";
    key_marker = more ? percent_decoded(xml_text(answer.body, "NextKeyMarker")) : "";
    id_marker = more ? xml_text(answer.body, "NextUploadIdMarker") : "";
  } while (!key_marker.empty());
  return swept;
}

std::vector<std::string> expand_s3_pattern(const S3Store& store, const std::string& pattern) {
  const S3Address address = parse_s3_address(pattern);
  const size_t wild = address.key.find_first_of("*?[");
  if (wild == std::string::npos) return {pattern};
  std::vector<std::string> matches;
  for (const S3Object& object : store.list({address.bucket, address.key.substr(0, wild)})) {
    if (::fnmatch(address.key.c_str(), object.key.c_str(), FNM_PATHNAME) == 0) {
      matches.push_back(S3Address{address.bucket, object.key}.text());
    }
  }
  if (matches.empty()) throw UsageError(fmt::format("{}: matches no object", pattern));
  return matches;
}

}  // namespace ftok
