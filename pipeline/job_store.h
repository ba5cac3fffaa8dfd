// JobStore: the folder of a job, where it is a place in an object store (s3://BUCKET/PREFIX). A command works in a copy
// on its own machine, which holds what it has asked for so far and what it has made; an object appears whole or not at
// all.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/log.h"
#include "crawl/s3.h"

namespace ftok {

// Thread-safe. Names are relative to the job ("receipts/extract/000003.json").
class JobStore {
 public:
  // `folder`: of the copy; it exists, is empty and nobody else's.
  JobStore(const std::string& address, std::string folder, const FetchOptions& fetch, Log log);

  const std::string& folder() const { return folder_; }
  std::string address() const;  // without a slash at its end

  // `key` of what is given is a name.
  std::vector<S3Object> list(const std::string& prefix) const;
  bool exists(const std::string& name) const { return find(name).has_value(); }
  std::optional<S3Object> find(const std::string& name) const { return store_.find(address_of(name)); }

  // Makes the copy the same as the store in all names that begin so: fetches what is new or has changed since it was
  // fetched, removes what is gone. `wanted`: of those names; null: all. `packs`: whether receipts may come from packs
  // (receipt_pack.h).
  enum class Packs { kIgnored, kUsed };
  void refresh(const std::string& prefix, const std::function<bool(std::string_view name)>& wanted = nullptr,
               Packs packs = Packs::kIgnored);
  // The same of one file, which fits into memory, by one request.
  void refresh_file(const std::string& name);

  // Once `count` receipts lie in `folder` ("receipts/extract"): puts them together in one object, its pack. Returns the
  // names of those that lie there.
  std::vector<std::string> pack(const std::string& folder, uint64_t count);

  // Fetches the file, which is stored, unless the copy has it.
  void fetch(const std::string& name);

  bool is_whole(const std::string& name);  // whether the copy has all of the file

  // Fetches a part of a file of `size` bytes, which has holes in the copy where nothing was fetched.
  void fetch_part(const std::string& name, uint64_t size, uint64_t begin, uint64_t bytes);
  // The same, without the copy.
  std::string read(const std::string& name, uint64_t begin, uint64_t bytes) const;
  // None where there is no such object, or it ends before.
  std::optional<std::string> read_if_there(const std::string& name, uint64_t begin, uint64_t bytes) const;
  // What is known of a file without asking.
  void write_part(const std::string& name, uint64_t size, uint64_t begin, std::string_view bytes);

  // Stores files of the copy, several at a time.
  void store(const std::vector<std::string>& names);
  // Stores what is stored as object.key under another name too, without fetching it.
  void copy(const S3Object& object, const std::string& name);
  // Stores a file of the copy unless one of this name is stored; false then.
  bool store_new(const std::string& name);
  void remove(const std::vector<std::string>& names);

  // Aborts the uploads that killed tasks left.
  uint64_t sweep_uploads() const { return store_.sweep_uploads(prefix_); }

  // Calls work(i) for all i < count on a few threads; throws what one of them threw.
  static void for_each(size_t count, const std::function<void(size_t)>& work);

 private:
  S3Address address_of(const std::string& name) const { return {prefix_.bucket, prefix_.key + name}; }
  std::string path_of(const std::string& name) const;  // in the copy; throws Error for one that leads out of it
  void download(const std::string& name);
  void download(const S3Object& object);
  // Fetches of the objects, whose keys are names, those that have changed, and removes what is not among them.
  void take(const std::vector<S3Object>& objects, const std::string& prefix, Packs packs);
  std::vector<S3Object> unpack(const std::vector<S3Object>& objects);  // those that no pack has

  S3Address prefix_;  // its key ends in '/', or is empty
  std::string folder_;
  S3Store store_;
  std::mutex mutex_;
  std::map<std::string, std::string> etags_;                          // of what refresh() fetched, as it was listed
  std::set<std::string> in_part_;                                     // files of the copy that have holes
  std::map<std::string, std::map<std::string, std::string>> packed_;  // by pack as it was fetched: name -> ETag
};

}  // namespace ftok
