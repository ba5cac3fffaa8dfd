#include "trainer/data/file_checksums.h"

#include <sys/stat.h>

#include <cerrno>
#include <chrono>
#include <filesystem>

#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "shards/checksum.h"
#include "shards/json_fields.h"
#include "shards/sealed_json.h"

namespace ftok {
namespace {

constexpr std::string_view kFormat = "ftok-data-checksums";
constexpr uint64_t kListVersion = 1;
constexpr uint64_t kRecordBytesMax = uint64_t{256} << 20;

int64_t nanoseconds(const timespec& time) { return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec; }

}  // namespace

bool FileChecksums::Seen::is_same_file(const Seen& other) const {
  return device == other.device && inode == other.inode && bytes == other.bytes && modified_ns == other.modified_ns &&
         changed_ns == other.changed_ns;
}

FileChecksums::FileChecksums(std::string record, int64_t settled_ns)
    : record_(std::move(record)), settled_ns_(settled_ns) {
  take_up();
}

FileChecksums::Seen FileChecksums::look(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) throw_errno("cannot read " + path, errno);
  Seen seen;
  seen.device = status.st_dev;
  seen.inode = status.st_ino;
  seen.bytes = static_cast<uint64_t>(status.st_size);
  seen.modified_ns = nanoseconds(status.st_mtim);
  seen.changed_ns = nanoseconds(status.st_ctim);
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  seen.read_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
  return seen;
}

std::string FileChecksums::of(const std::string& path) {
  Seen seen = look(path);
  const auto before = recorded_.find(path);
  if (before != recorded_.end() && before->second.is_same_file(seen) &&
      std::max(seen.modified_ns, seen.changed_ns) <= before->second.read_ns - settled_ns_) {
    return asked_.insert_or_assign(path, before->second).first->second.checksum;
  }
  seen.checksum = checksum_of_file(path);
  ++files_read_;
  return asked_.insert_or_assign(path, std::move(seen)).first->second.checksum;
}

void FileChecksums::take_up() {
  std::error_code code;
  if (!std::filesystem::is_regular_file(record_, code)) return;
  const std::string file = read_file(record_, kRecordBytesMax);
  if (!check_sealed_json(file).ok()) return;
  try {
    const JsonFields fields(file);
    fields.expect("format", kFormat);
    fields.expect("version", kListVersion);
    for (const JsonFields& one : fields.objects("files")) {
      recorded_[one.text("path")] = {one.number("device"),
                                     one.number("inode"),
                                     one.number("bytes"),
                                     static_cast<int64_t>(one.number("modified_ns")),
                                     static_cast<int64_t>(one.number("changed_ns")),
                                     static_cast<int64_t>(one.number("read_ns")),
                                     one.text("checksum")};
    }
  } catch (const JsonFields::Missing&) {
    recorded_.clear();  // of another version: all is read again
  }
}

void FileChecksums::save() const {
  if (asked_ == recorded_) return;
  JsonWriter json(true);
  json.begin_object().field("format", kFormat).field("version", kListVersion).key("files").begin_array();
  for (const auto& [path, seen] : asked_) {
    json.begin_object().field("path", path).field("device", seen.device).field("inode", seen.inode);
    json.field("bytes", seen.bytes).field("modified_ns", static_cast<uint64_t>(seen.modified_ns));
    json.field("changed_ns", static_cast<uint64_t>(seen.changed_ns));
    json.field("read_ns", static_cast<uint64_t>(seen.read_ns)).field("checksum", seen.checksum).end_object();
  }
  write_file(record_, seal_json(json.end_array().end_object().text()));
}

}  // namespace ftok
