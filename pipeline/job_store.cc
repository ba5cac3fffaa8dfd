#include "pipeline/job_store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <exception>
#include <filesystem>
#include <thread>

#include "core/error.h"
#include "core/file.h"
#include "core/signals.h"
#include "shards/receipt_pack.h"

namespace ftok {
namespace fs = std::filesystem;

namespace {

constexpr size_t kThreads = 8;                             // each waits for an answer most of the time
constexpr uint64_t kObjectReadBytes = uint64_t{32} << 20;  // of one request for a part of a file

S3Address prefix_of(const std::string& address) {
  S3Address prefix = parse_s3_address(address);
  while (prefix.key.ends_with('/')) prefix.key.pop_back();
  if (!prefix.key.empty()) prefix.key += '/';
  return prefix;
}

// A file that is open for writing at any place.
class OpenFile {
 public:
  OpenFile(const std::string& path, uint64_t size) : path_(path) {
    fd_ = ::open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0666);
    if (fd_ < 0) throw_errno("cannot write " + path, errno);
    if (::ftruncate(fd_, static_cast<off_t>(size)) != 0) {
      const int error = errno;
      ::close(fd_);
      throw_errno("cannot write " + path, error);
    }
  }
  ~OpenFile() { ::close(fd_); }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  void write_at(uint64_t offset, std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t written = ::pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) throw_errno("cannot write " + path_, errno);
      offset += static_cast<uint64_t>(written);
      bytes.remove_prefix(static_cast<size_t>(written));
    }
  }

 private:
  std::string path_;
  int fd_ = -1;
};

}  // namespace

JobStore::JobStore(const std::string& address, std::string folder, const FetchOptions& fetch, Log log)
    : prefix_(prefix_of(address)), folder_(std::move(folder)), store_(fetch, log) {}

std::string JobStore::address() const {
  std::string text = prefix_.text();
  while (text.ends_with('/')) text.pop_back();
  return text;
}

std::string JobStore::path_of(const std::string& name) const {
  const fs::path path = fs::path(name).lexically_normal();
  if (name.empty() || path.is_absolute() || *path.begin() == "..") {
    throw Error(fmt::format("{}: not a file's name", address_of(name).text()));
  }
  return (fs::path(folder_) / path).string();
}

std::vector<S3Object> JobStore::list(const std::string& prefix) const {
  std::vector<S3Object> objects = store_.list(address_of(prefix));
  std::erase_if(objects, [](const S3Object& object) { return object.key.ends_with('/'); });  // made by some consoles
  for (S3Object& object : objects) object.key.erase(0, prefix_.key.size());
  return objects;
}

void JobStore::refresh(const std::string& prefix, const std::function<bool(std::string_view)>& wanted, Packs packs) {
  std::vector<S3Object> objects = list(prefix);
  if (wanted) std::erase_if(objects, [&](const S3Object& object) { return !wanted(object.key); });
  if (packs == Packs::kUsed) {  // they are read for what is in them
    std::erase_if(objects, [](const S3Object& object) { return object.key.ends_with(kReceiptPackEnding); });
  }
  take(objects, prefix, packs);
}

void JobStore::take(const std::vector<S3Object>& objects, const std::string& prefix, Packs packs) {
  std::vector<S3Object> changed;
  {
    const std::lock_guard lock(mutex_);
    std::set<std::string> now;
    for (const S3Object& object : objects) now.insert(object.key);
    for (auto it = etags_.lower_bound(prefix); it != etags_.end() && it->first.starts_with(prefix);) {
      const bool gone = !now.contains(it->first);
      if (gone) fs::remove(path_of(it->first));
      it = gone ? etags_.erase(it) : std::next(it);
    }
    for (const S3Object& object : objects) {
      const auto found = etags_.find(object.key);
      if (found == etags_.end() || found->second != object.etag) changed.push_back(object);
    }
    for (const S3Object& object : changed) etags_[object.key] = object.etag;
  }
  if (packs == Packs::kUsed) changed = unpack(changed);
  for_each(changed.size(), [&](size_t i) { download(changed[i]); });
}

void JobStore::refresh_file(const std::string& name) {
  const std::string path = path_of(name);
  const std::optional<std::string> text = store_.get(address_of(name));
  {
    const std::lock_guard lock(mutex_);
    etags_.erase(name);
  }
  if (!text) {
    fs::remove(path);
    return;
  }
  make_folder(fs::path(path).parent_path().string());
  write_file(path, *text);
}

std::vector<S3Object> JobStore::unpack(const std::vector<S3Object>& objects) {
  std::map<std::string, std::vector<S3Object>> by_pack;
  for (const S3Object& object : objects) by_pack[receipt_pack_of(object.key)].push_back(object);
  std::vector<S3Object> left = std::move(by_pack[""]);
  for (auto& [pack, members] : by_pack) {
    if (pack.empty()) continue;
    if (members.size() == 1) {  // a request for the pack saves none
      left.push_back(std::move(members.front()));
      continue;
    }
    const std::vector<PackedReceipt> packed = parse_receipt_pack(store_.get(address_of(pack)).value_or(""));
    std::map<std::string_view, const PackedReceipt*> by_name;
    std::map<std::string, std::string> etags;
    for (const PackedReceipt& each : packed) {
      by_name[each.name] = &each;
      etags[each.name] = each.etag;
    }
    for (S3Object& object : members) {
      const auto found = by_name.find(std::string_view(object.key).substr(object.key.rfind('/') + 1));
      if (found == by_name.end() || found->second->etag != object.etag) {
        left.push_back(std::move(object));
        continue;
      }
      const std::string path = path_of(object.key);
      make_folder(fs::path(path).parent_path().string());
      write_file(path, found->second->text);
    }
    const std::lock_guard lock(mutex_);
    packed_[pack] = std::move(etags);
  }
  return left;
}

// A receipt as it was listed: what is written to a pack is what had this ETag.
void JobStore::download(const S3Object& object) {
  if (receipt_pack_of(object.key).empty() || object.size == 0 || object.size > kObjectReadBytes) {
    return download(object.key);
  }
  try {
    const std::string text = store_.read(address_of(object.key), 0, object.size, object.etag);
    const std::string path = path_of(object.key);
    make_folder(fs::path(path).parent_path().string());
    write_file(path, text);
  } catch (const ObjectChanged&) {
    download(object.key);
    const std::lock_guard lock(mutex_);
    etags_[object.key].clear();
  }
}

std::vector<std::string> JobStore::pack(const std::string& folder, uint64_t count) {
  std::vector<S3Object> objects = list(folder + "/");
  const std::string pack = folder + std::string(kReceiptPackEnding);
  std::erase_if(objects, [&](const S3Object& object) { return receipt_pack_of(object.key) != pack; });
  std::vector<std::string> names;
  for (const S3Object& object : objects) names.push_back(object.key);
  if (objects.size() < count) return names;
  take(objects, folder + "/", Packs::kUsed);
  std::vector<PackedReceipt> receipts;
  std::map<std::string, std::string> etags;
  for (const S3Object& object : objects) {
    {
      const std::lock_guard lock(mutex_);
      if (etags_[object.key] != object.etag) return names;  // replaced meanwhile
    }
    const std::string name = object.key.substr(object.key.rfind('/') + 1);
    etags[name] = object.etag;
    receipts.push_back({name, object.etag, read_file(path_of(object.key))});
  }
  {
    const std::lock_guard lock(mutex_);
    if (packed_[pack] == etags) return names;
    packed_[pack] = etags;
  }
  store_.put(address_of(pack), write_receipt_pack(receipts));
  return names;
}

void JobStore::download(const std::string& name) {
  const std::string path = path_of(name);
  make_folder(fs::path(path).parent_path().string());
  AtomicFile file(path);
  std::string block(1 << 18, '\0');
  const auto source = store_.open(address_of(name));
  while (const size_t got = source->read(block.data(), block.size())) {
    file.write(std::string_view(block).substr(0, got));
  }
  file.commit();
  const std::lock_guard lock(mutex_);
  in_part_.erase(name);
}

bool JobStore::is_whole(const std::string& name) {
  const std::lock_guard lock(mutex_);
  return !in_part_.contains(name) && fs::exists(path_of(name));
}

void JobStore::fetch(const std::string& name) {
  if (!is_whole(name)) download(name);
}

std::string JobStore::read(const std::string& name, uint64_t begin, uint64_t bytes) const {
  return store_.read(address_of(name), begin, bytes);
}

std::optional<std::string> JobStore::read_if_there(const std::string& name, uint64_t begin, uint64_t bytes) const {
  return store_.read_if_there(address_of(name), begin, bytes);
}

void JobStore::write_part(const std::string& name, uint64_t size, uint64_t begin, std::string_view bytes) {
  const std::string path = path_of(name);
  {
    const std::lock_guard lock(mutex_);
    if (!in_part_.contains(name)) {
      if (fs::exists(path)) return;  // all of it is there
      make_folder(fs::path(path).parent_path().string());
      in_part_.insert(name);
    }
  }
  OpenFile(path, size).write_at(begin, bytes);
}

void JobStore::fetch_part(const std::string& name, uint64_t size, uint64_t begin, uint64_t bytes) {
  if (is_whole(name)) return;
  for (const uint64_t end = begin + bytes; begin < end; begin += kObjectReadBytes) {
    write_part(name, size, begin, read(name, begin, std::min(kObjectReadBytes, end - begin)));
  }
}

void JobStore::store(const std::vector<std::string>& names) {
  for_each(names.size(), [&](size_t i) { store_.put_file(address_of(names[i]), path_of(names[i])); });
}

void JobStore::copy(const S3Object& object, const std::string& name) {
  store_.copy(address_of(object.key), address_of(name), object.size);
}

bool JobStore::store_new(const std::string& name) { return store_.put_new(address_of(name), read_file(path_of(name))); }

void JobStore::remove(const std::vector<std::string>& names) {
  for_each(names.size(), [&](size_t i) { store_.remove(address_of(names[i])); });
}

void JobStore::for_each(size_t count, const std::function<void(size_t)>& work) {
  std::atomic<size_t> next{0};
  std::mutex mutex;
  std::exception_ptr thrown;
  const auto loop = [&] {
    for (size_t i = next++; i < count; i = next++) {
      try {
        if (stop_requested()) throw Stopped();
        work(i);
      } catch (...) {
        next = count;
        const std::lock_guard lock(mutex);
        if (!thrown) thrown = std::current_exception();
      }
    }
  };
  {
    std::vector<std::jthread> threads;
    for (size_t i = 1; i < std::min(count, kThreads); ++i) threads.emplace_back(loop);
    loop();
  }
  if (thrown) std::rethrow_exception(thrown);
}

}  // namespace ftok
