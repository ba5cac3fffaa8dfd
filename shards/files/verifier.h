// Verifier: one verification (verify.h) on its way.
#pragma once

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"
#include "shards/job_manifest.h"
#include "shards/manifest.h"
#include "shards/reader.h"
#include "shards/verify.h"

namespace ftok {

class Verifier {
 public:
  explicit Verifier(std::string folder, const ShardHints& hints = {}) : folder_(std::move(folder)), hints_(hints) {}

  void folder();
  void file(const std::string& path);
  Verification take() { return std::move(result_); }

 private:
  void find(const std::string& path, std::string what) { result_.findings.push_back({path, std::move(what)}); }
  std::string path_of(const std::string& name) const { return folder_ + "/" + name; }
  bool listed(const FileEntry& entry, bool may_be_gone = false);
  void shard(const ShardEntry& entry, const ShardHints& hints);
  void mask(const ShardEntry& entry);
  void mask_file(const std::string& path);
  void shard_file(const std::string& path, const ShardHints& hints = {});
  void part(const Manifest::Input& input, const Manifest& manifest);
  void shards_and_parts(const Manifest& manifest);
  void shards_alone();
  void of_lost_job(const Manifest& manifest);
  void removals_of(const Manifest& manifest);  // those of which the receipts are missing
  void job();
  void bound(const std::string& name, const std::string& checksum);  // to a file that a manifest was made with
  void receipt(const JobManifest& manifest, std::string_view pass, uint64_t task, std::string& extracted);
  void files_of(const TaskReceipt& receipt);
  void packed_receipts(const std::string& name);
  void bundle(const std::string& name);
  void job_result(const JobManifest& job);
  bool is_cleaned(std::string_view pass) const;
  void corpora(const std::vector<std::string>& names);
  void removals();
  void unlisted();
  template <typename Check>
  void guarded(const std::string& name, const Check& check) {
    try {
      check();
    } catch (const Error& error) {
      find(path_of(name), error.what());
    }
  }
  void count(const std::string& path);

  std::string folder_;
  ShardHints hints_;  // of shards that no manifest lists
  std::set<std::string> listed_;
  std::set<std::string, std::less<>> removed_;  // ids of documents that were removed
  std::set<std::string> corpora_;               // folders of corpora, which were looked at
  std::string job_digest_;
  Verification result_;
};

}  // namespace ftok
