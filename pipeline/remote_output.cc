#include "pipeline/remote_output.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "core/error.h"
#include "core/file.h"
#include "core/hex.h"
#include "core/temporary_files.h"
#include "shards/manifest.h"

namespace ftok {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kPartBytes = uint64_t{64} << 20;

std::string md5(std::string_view bytes) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest, &size, EVP_md5(), nullptr) != 1) {
    throw Error("libcrypto cannot compute MD5");
  }
  return {reinterpret_cast<const char*>(digest), size};
}

// The files of a finished folder, by name below it: without locks and what is left of the work.
std::vector<std::string> files_below(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const std::string name = fs::relative(entry.path(), folder).generic_string();
    if (entry.is_regular_file() && !entry.path().filename().string().starts_with(".") && !is_temporary(name)) {
      names.push_back(name);
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

std::string s3_etag_of_file(const std::string& path, uint64_t part_bytes) {
  const MappedFile file(path);
  std::string_view rest = file.bytes();
  if (rest.size() <= part_bytes) return "\"" + to_hex(md5(rest)) + "\"";
  std::string digests;
  size_t parts = 0;
  for (; !rest.empty(); ++parts) {
    digests += md5(rest.substr(0, part_bytes));
    rest.remove_prefix(std::min<size_t>(part_bytes, rest.size()));
  }
  return fmt::format("\"{}-{}\"", to_hex(md5(digests)), parts);
}

RemoteOutput::RemoteOutput(const std::string& output, std::string folder, const FetchOptions& fetch, Log log)
    : prefix_(parse_s3_address(output)), folder_(std::move(folder)), log_(std::move(log)), store_(fetch, log_) {
  if (!prefix_.key.empty() && !prefix_.key.ends_with('/')) prefix_.key += '/';
  const std::vector<S3Object> there = store_.list(prefix_);
  if (there.empty() || fs::exists(folder_ + "/" + kBindingName)) return;
  const bool finished =
      std::any_of(there.begin(), there.end(), [&](const S3Object& o) { return o.key == prefix_.key + kManifestName; });
  if (!finished) {
    throw UsageError(
        fmt::format("--output: {} holds {} objects and no finished output: remove them or name another place", output,
                    there.size()));
  }
  fetch_all(there);
}

S3Address RemoteOutput::address_of(const std::string& name) const { return {prefix_.bucket, prefix_.key + name}; }

void RemoteOutput::fetch_all(const std::vector<S3Object>& objects) const {
  if (log_)
    log_(LogLevel::kInfo,
         fmt::format("{}: fetching the {} files of the finished output", prefix_.text(), objects.size()));
  std::string block(1 << 20, '\0');
  for (const S3Object& object : objects) {
    const std::string name = object.key.substr(prefix_.key.size());
    const fs::path path = fs::path(name).lexically_normal();
    if (name.empty() || name.ends_with('/')) continue;  // what some consoles make to show a folder
    if (path.is_absolute() || *path.begin() == "..")
      throw Error(fmt::format("{}: not a file's name", address_of(name).text()));
    make_folder((fs::path(folder_) / path).parent_path().string());
    AtomicFile file((fs::path(folder_) / path).string());
    const auto source = store_.open(address_of(name));
    while (const size_t got = source->read(block.data(), block.size()))
      file.write(std::string_view(block).substr(0, got));
    file.commit();
  }
}

void RemoteOutput::publish() {
  std::map<std::string, std::string> there;  // name -> ETag
  for (const S3Object& object : store_.list(prefix_)) there[object.key.substr(prefix_.key.size())] = object.etag;
  std::vector<std::string> names = files_below(folder_);
  std::stable_partition(names.begin(), names.end(), [](const std::string& name) { return name != kManifestName; });
  size_t stored = 0;
  for (const std::string& name : names) {
    const std::string path = folder_ + "/" + name;
    const auto found = there.find(name);
    if (found != there.end() && found->second == s3_etag_of_file(path, kPartBytes)) continue;
    store_.put_file(address_of(name), path, kPartBytes);
    ++stored;
  }
  store_.sweep_uploads(prefix_);
  if (log_)
    log_(LogLevel::kInfo,
         fmt::format("{}: stored {} files, {} were there", prefix_.text(), stored, names.size() - stored));
  fs::remove_all(folder_);
}

}  // namespace ftok
