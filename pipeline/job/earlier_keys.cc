#include "pipeline/job/earlier_keys.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <optional>

#include "core/error.h"
#include "core/signals.h"
#include "core/temporary_files.h"
#include "crawl/s3.h"

namespace ftok {
namespace {

constexpr uint64_t kKeysReadBytes = uint64_t{32} << 20;  // of one request

// A file without a name. A mapping of it outlives it.
class NamelessFile {
 public:
  explicit NamelessFile(const std::string& folder) : folder_(folder), fd_(open_nameless_file(folder)) {}
  ~NamelessFile() { ::close(fd_); }
  NamelessFile(const NamelessFile&) = delete;
  NamelessFile& operator=(const NamelessFile&) = delete;

  std::string path() const { return fmt::format("/proc/self/fd/{}", fd_); }
  void write(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t put = ::write(fd_, bytes.data(), bytes.size());
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) throw_errno("cannot write in " + folder_, errno);
      bytes.remove_prefix(static_cast<size_t>(put));
    }
  }

 private:
  std::string folder_;
  int fd_;
};

void fetch(const TaskContext& context, const KeysPart& part, const NamelessFile& file) {
  const S3Store store(context.options.fetch, context.log);
  const S3Address address = parse_s3_address(part.path);
  const uint64_t end = part.stretch.begin + part.stretch.bytes;
  for (uint64_t at = part.stretch.begin; at < end; at += kKeysReadBytes) {
    if (stop_requested()) throw Stopped();
    file.write(store.read(address, at, std::min(kKeysReadBytes, end - at)));
  }
}

// Null where what is there is not as long as it was, or damaged.
std::unique_ptr<PartKeys> open(const TaskContext& context, const KeysPart& part) {
  std::optional<NamelessFile> fetched;
  if (is_s3_address(part.path)) fetch(context, part, fetched.emplace(context.job.path_of("work")));
  try {
    if (fetched) return std::make_unique<PartKeys>(fetched->path());
    return std::make_unique<PartKeys>(part.path, PartKeys::Check::kChecksum, part.stretch);
  } catch (const Error&) {
    if (!fetched && !std::filesystem::exists(part.path)) throw;
    return nullptr;
  }
}

}  // namespace

std::unique_ptr<PartKeys> open_earlier(const TaskContext& context, const KeysPart& part) {
  std::unique_ptr<PartKeys> keys = open(context, part);
  if (keys && keys->checksum() == part.checksum && keys->size() == part.documents) return keys;
  throw Error(fmt::format("{} holds other keys than when the job was planned", part.path), kConfigurationExitCode);
}

}  // namespace ftok
