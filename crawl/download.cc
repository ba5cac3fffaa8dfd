#include "crawl/download.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <simdjson.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "core/sha256.h"
#include "core/shown.h"
#include "crawl/compression/gzip_members.h"

namespace ftok {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kStateBytesMax = 1 << 20;
constexpr int kRestartsMax = 3;  // of an object that changes while it is read

// PATH.part, held by one process at a time.
class PartFile {
 public:
  explicit PartFile(std::string path) : path_(std::move(path)) {
    fd_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (fd_ < 0) throw_errno("cannot create " + path_, errno);
    if (::flock(fd_, LOCK_EX | LOCK_NB) != 0) {
      const int error_number = errno;
      ::close(fd_);
      if (error_number == EWOULDBLOCK) throw Error(path_ + " is being written by another process");
      throw_errno("cannot lock " + path_, error_number);
    }
    struct stat status {};
    if (::fstat(fd_, &status) == 0) size_ = static_cast<uint64_t>(status.st_size);
  }
  ~PartFile() { ::close(fd_); }
  PartFile(const PartFile&) = delete;
  PartFile& operator=(const PartFile&) = delete;

  uint64_t size() const { return size_; }

  void append(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t put = ::pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(size_));
      if (put < 0) {
        if (errno == EINTR) continue;
        throw_errno("cannot write " + path_, errno);
      }
      bytes.remove_prefix(static_cast<size_t>(put));
      size_ += static_cast<uint64_t>(put);
    }
  }

  size_t read_at(uint64_t offset, char* out, size_t size) const {
    while (true) {
      const ssize_t got = ::pread(fd_, out, size, static_cast<off_t>(offset));
      if (got >= 0) return static_cast<size_t>(got);
      if (errno != EINTR) throw_errno("cannot read " + path_, errno);
    }
  }

  void truncate(uint64_t size) {
    if (::ftruncate(fd_, static_cast<off_t>(size)) != 0) throw_errno("cannot truncate " + path_, errno);
    size_ = size;
  }

  void sync() {
    if (::fsync(fd_) != 0 && errno != EINVAL && errno != EROFS) throw_errno("cannot sync " + path_, errno);
  }

 private:
  std::string path_;
  int fd_ = -1;
  uint64_t size_ = 0;
};

// The JSON object in a small file of ours; an absent or broken file is as good as none.
std::optional<simdjson::dom::element> parse_file(const std::string& path, simdjson::dom::parser& parser) {
  std::error_code code;
  if (!fs::is_regular_file(path, code)) return std::nullopt;
  simdjson::dom::element element;
  const std::string text = read_file(path, kStateBytesMax);
  if (parser.parse(text).get(element) != simdjson::SUCCESS) return std::nullopt;
  return element;
}

std::string text_field(const simdjson::dom::element& object, std::string_view key) {
  std::string_view value;
  return object[key].get(value) == simdjson::SUCCESS ? std::string(value) : "";
}

uint64_t number_field(const simdjson::dom::element& object, std::string_view key) {
  uint64_t value = 0;
  return object[key].get(value) == simdjson::SUCCESS ? value : 0;
}

class Download {
 public:
  Download(const std::string& url, const std::string& path, const FetchOptions& options, const Log& log,
           const std::function<void(uint64_t, uint64_t)>& progress)
      : url_(url),
        shown_(shown_input(url)),
        path_(path),
        state_path_(path + ".part.json"),
        options_(options),
        log_(log),
        progress_(progress),
        is_gzip_(std::string_view(path).ends_with(".gz")),
        part_(path + ".part") {}

  DownloadResult run() {
    take_up();
    const uint64_t resumed_from = part_.size();
    for (int restarts = 0;;) {
      try {
        while (!fetch_on()) {
        }
        break;
      } catch (const ObjectChanged& changed) {
        if (++restarts > kRestartsMax) throw;
        warn(std::string(changed.what()) + "; starting over");
        start_over();
      }
    }
    return {finish(), false, resumed_from};
  }

 private:
  void warn(const std::string& message) const {
    if (log_) log_(LogLevel::kWarning, message);
  }

  void start_over() {
    part_.truncate(0);
    members_.restart(0, 0);
    version_ = ObjectVersion();
    damage_at_.reset();
    damaged_ = false;
  }

  // What an earlier process left: PATH.part up to its last whole member, when PATH.part.json says of which object.
  void take_up() {
    simdjson::dom::parser parser;
    const auto state = parse_file(state_path_, parser);
    if (!state.has_value() || text_field(*state, "url") != shown_ || part_.size() == 0) return start_over();
    version_ = {text_field(*state, "etag"), text_field(*state, "last_modified"), number_field(*state, "bytes")};
    if (version_.etag.empty() && version_.last_modified.empty()) return start_over();
    if (!is_gzip_) return;
    std::string block(1 << 20, '\0');
    while (members_.bytes() < part_.size()) {
      const size_t got = part_.read_at(members_.bytes(), block.data(), block.size());
      if (got == 0 || !members_.feed({block.data(), got})) break;
    }
    back_to_whole_member();
  }

  void back_to_whole_member() {
    part_.truncate(members_.whole_bytes());
    members_.restart(members_.whole_bytes(), members_.members());
  }

  void write_state() const {
    JsonWriter json(true);
    json.begin_object()
        .field("url", shown_)
        .field("etag", version_.etag)
        .field("last_modified", version_.last_modified);
    json.field("bytes", version_.size).end_object();
    write_file(state_path_, json.text() + "\n");
  }

  // Fetches from where the file ends; false when it went back to the last whole member and must be called again.
  bool fetch_on() {
    const auto source = open_http_source(url_, options_, log_, {part_.size(), version_});
    std::string block(1 << 18, '\0');
    bool first = true;
    while (const size_t got = source->read(block.data(), block.size())) {
      if (first) {
        first = false;
        version_ = source->version();
        write_state();
      }
      part_.append({block.data(), got});
      if (is_gzip_ && !damaged_ && !members_.feed({block.data(), got}) && !accept_damage("is damaged")) return false;
      if (progress_) progress_(part_.size(), version_.size);
    }
    if (first) version_ = source->version();
    if (is_gzip_ && !damaged_ && !members_.at_boundary() && !accept_damage("ends inside")) return false;
    return true;
  }

  // The gzip member at whole_bytes() is broken. The first time, back to it; the second, it is the object's own damage.
  bool accept_damage(const char* what) {
    const uint64_t at = members_.whole_bytes();
    damaged_ = damage_at_ == at;
    const std::string message = fmt::format("{}: the gzip member at byte {} {}", shown_, at, what);
    if (damaged_) {
      warn(message + " again: kept as the server has it");
      return true;
    }
    damage_at_ = at;
    warn(message + "; fetching it again");
    back_to_whole_member();
    return false;
  }

  DownloadReceipt finish() {
    part_.sync();
    DownloadReceipt receipt;
    receipt.url = shown_;
    receipt.bytes = part_.size();
    receipt.sha256 = Sha256::of_file(path_ + ".part");
    receipt.etag = version_.etag;
    receipt.last_modified = version_.last_modified;
    receipt.gzip_members = is_gzip_ ? members_.members() : 0;
    if (damaged_) receipt.damage_offset = damage_at_;
    write_file(path_ + ".receipt.json", receipt.json());
    if (::rename((path_ + ".part").c_str(), path_.c_str()) != 0) throw_errno("cannot rename to " + path_, errno);
    sync_folder_of(path_);
    remove_file(state_path_);
    return receipt;
  }

  const std::string url_, shown_, path_, state_path_;  // shown_: in files and messages, without secrets
  const FetchOptions& options_;
  const Log& log_;
  const std::function<void(uint64_t, uint64_t)>& progress_;
  const bool is_gzip_;
  PartFile part_;
  GzipMembers members_;
  ObjectVersion version_;
  std::optional<uint64_t> damage_at_;  // where damage was met last
  bool damaged_ = false;               // the damage is the object's own; members are no longer followed
};

}  // namespace

std::string DownloadReceipt::json() const {
  JsonWriter json(true);
  json.begin_object().field("url", url).field("bytes", bytes).field("sha256", sha256);
  json.field("etag", etag).field("last_modified", last_modified).field("gzip_members", gzip_members);
  if (damage_offset.has_value()) json.field("damage_offset", *damage_offset);
  json.end_object();
  return json.text() + "\n";
}

std::optional<DownloadReceipt> read_download_receipt(const std::string& path) {
  simdjson::dom::parser parser;
  const auto element = parse_file(path + ".receipt.json", parser);
  if (!element.has_value() || text_field(*element, "sha256").empty()) return std::nullopt;
  DownloadReceipt receipt;
  receipt.url = text_field(*element, "url");
  receipt.bytes = number_field(*element, "bytes");
  receipt.sha256 = text_field(*element, "sha256");
  receipt.etag = text_field(*element, "etag");
  receipt.last_modified = text_field(*element, "last_modified");
  receipt.gzip_members = number_field(*element, "gzip_members");
  uint64_t damage_offset = 0;
  if ((*element)["damage_offset"].get(damage_offset) == simdjson::SUCCESS) receipt.damage_offset = damage_offset;
  return receipt;
}

DownloadResult download_file(const std::string& url, const std::string& path, const FetchOptions& options,
                             const Log& log, const std::function<void(uint64_t bytes, uint64_t size)>& progress) {
  if (const auto receipt = read_download_receipt(path); receipt.has_value() && receipt->url == shown_input(url)) {
    std::error_code code;
    if (fs::file_size(path, code) == receipt->bytes && !code) return {*receipt, true, 0};
  }
  if (const std::string folder = fs::path(path).parent_path().string(); !folder.empty()) make_folder(folder);
  return Download(url, path, options, log, progress).run();
}

}  // namespace ftok
